// The example chat in a real browser, with both of its backends: the one in Go, and
// the one on the unchanged SDKs.
import { test } from "node:test";
import assert from "node:assert/strict";
import { missing, newPage, noSideways, startBrowser } from "./chromium.mjs";
import { startPage } from "./gateway.mjs";

const limits = { timeout: 120_000, skip: missing };

// A viewer chooses a name and what to say.
const hostile = `<img src=x onerror="document.title='taken'">`;

// watch opens the page and enters the chat by keyboard.
async function watch(browser, url, name, options) {
  const viewer = await newPage(browser, url, options);
  await viewer.page.goto(url);
  await viewer.page.keyboard.press("Tab"); // what is said
  await viewer.page.keyboard.press("Tab"); // the name
  await viewer.page.keyboard.type(name);
  await viewer.page.keyboard.press("Enter");
  const log = viewer.page.getByRole("log", { name: "What is said" });
  const say = async (text) => {
    await viewer.page.keyboard.type(text);
    await viewer.page.keyboard.press("Enter");
  };
  const sees = (from, text) => log.getByRole("listitem").filter({ hasText: `${from} ${text}` }).waitFor();
  const state = (text) => viewer.page.getByRole("status").getByText(text).waitFor();
  const viewers = (text) => viewer.page.getByText(text, { exact: true }).waitFor();
  return { ...viewer, say, sees, state, viewers };
}

const backends = {
  Go: ["bin/chat", "--listen", "127.0.0.1:0"],
  "JavaScript, on the SDKs": ["node", "examples/node-backend/start.mjs"],
};

for (const [language, command] of Object.entries(backends)) {
  test(`viewers talk, with the backend in ${language}`, limits, async (t) => {
    const { url, stop } = await startPage(t, ...command);
    const browser = await startBrowser(t);
    const ana = await watch(browser, url, "Ana");
    await ana.viewers("1 viewer");
    const ben = await watch(browser, url, "Ben ☾", { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
    await ana.viewers("2 viewers");
    await ana.say("hello");
    await ben.sees("Ana", "hello");
    await ben.say(hostile);
    await ana.sees("Ben ☾", hostile);
    assert.equal(await ana.page.title(), "Night sky, live");
    assert.equal(await noSideways(ben.page), true);
    assert.deepEqual([...ana.faults, ...ben.faults], []);

    await ben.page.context().close();
    await ana.viewers("1 viewer");
    await stop();
    await ana.state("the connection is lost");
    await ana.say("is anybody there?");
    await ana.state("not sent: not connected");
    assert.equal(await ana.page.getByLabel("Message").inputValue(), "is anybody there?");
  });
}

test("the picture of the chat", { ...limits, skip: limits.skip || (!process.env.SCREENSHOTS && "no SCREENSHOTS") }, async (t) => {
  const { url } = await startPage(t, ...backends.Go);
  const browser = await startBrowser(t);
  const ana = await watch(browser, url, "Ana", { viewport: { width: 1280, height: 760 } });
  const names = ["Ben", "Cléo", "Dmitri", "Esra", "Farid", "Grace", "Hana ☾", "Ivo", "Jun"];
  const viewers = await Promise.all(names.map((name) => watch(browser, url, name)));
  await ana.viewers("10 viewers");
  const said = [
    [0, "first!"], [2, "good evening from Tromsø"], [5, "is that the harbour on the left?"], [1, "oh wow, the green one"],
    [6, "it has been cloudy here all week, thank you for this"], [3, "listen to how quiet it is"], [7, "my kids are watching too, they say hello"],
    [4, "how long does it go on?"], [8, "until morning, it says below"], [0, "there is a violet edge now"], [5, "a shooting star!!"], [2, "saw it"], [1, "me too"],
    [6, "what is the bright one above the hill?"], [8, "Jupiter, I think"], [3, "it is Jupiter, you can see it all month"],
  ];
  for (const [n, text] of said) {
    await viewers[n].say(text);
    await ana.sees(names[n], text);
  }
  await ana.say("best half hour of my day");
  await viewers[4].sees("Ana", "best half hour of my day");
  await ana.page.keyboard.type("who else is");
  await ana.page.screenshot({ path: `${process.env.SCREENSHOTS}/chat.png` });
});
