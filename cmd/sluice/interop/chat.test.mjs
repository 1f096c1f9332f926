// The example chat in a real browser, with both of its backends: the one in Go, and
// the one on the unchanged SDKs.
import { test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { missing, newPage, noSideways, startBrowser } from "./chromium.mjs";
import { startExample } from "./gateway.mjs";

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
  const viewers = (text) => viewer.page.getByText(text, { exact: true }).waitFor();
  return { ...viewer, say, sees, viewers };
}

test("viewers talk, with the backend in Go", limits, async (t) => {
  const { url, stop } = await startExample(t, "chat");
  const browser = await startBrowser(t);
  const ana = await watch(browser, url, "Ana", { viewport: { width: 1280, height: 760 } });
  await ana.viewers("1 viewer");
  const ben = await watch(browser, url, "Ben ☾", { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  await ana.viewers("2 viewers");
  await ana.say("hello");
  await ben.sees("Ana", "hello");
  await ben.say(hostile);
  await ana.sees("Ben ☾", hostile);
  assert.equal(await ana.page.title(), "Night sky, live");
  assert.equal(await noSideways(ben.page), true);
  await ben.page.context().close();
  await ana.viewers("1 viewer");
  await stop();
  await ana.page.getByRole("status").getByText("the connection is lost").waitFor();
  await ana.page.keyboard.type("is anybody there?");
  await ana.page.keyboard.press("Enter");
  await ana.page.getByRole("status").getByText("not sent: not connected").waitFor();
  assert.equal(await ana.page.getByLabel("Message").inputValue(), "is anybody there?");
});
