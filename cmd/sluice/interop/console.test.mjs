// The console in a real browser.
import { test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { missing, newPage, noSideways, startBrowser } from "./chromium.mjs";
import { open } from "./client.mjs";
import { startWithConsole } from "./gateway.mjs";

const limits = { timeout: 120_000, skip: missing };

// A client chooses its user id, and what a room is called.
const hostileUser = `<img src=x onerror="document.title='taken'">`;
const hostileRoom = `"><script>document.title='taken'</script>`;

// openConsole opens the console.
async function openConsole(browser, admin, options) {
  const url = `http://${admin}/`;
  const { page, faults } = await newPage(browser, url, { viewport: { width: 1440, height: 1000 }, ...options });
  await page.goto(url);
  await page.getByRole("status").getByText("ready").waitFor();
  return { page, faults };
}

// figure returns the first figure of the card with a title.
const figure = (page, title) => page.locator(".card", { has: page.getByRole("heading", { name: title, exact: true }) }).locator(".value").first();

// populate opens sessions in 4 rooms of 8 each, two for each user, and one that
// means harm.
async function populate(address) {
  const url = (user, rooms) => `ws://${address}/client/hubs/rooms?${new URLSearchParams({ user, rooms })}`;
  const clients = [];
  for (let n = 0; n < 64; n++) {
    clients.push(await open(url(`user-${n >> 1}`, [0, 1, 2, 3].map((k) => ((n + k) % 8).toString(16).padStart(7, "0")).join(","))));
  }
  clients.push(await open(url(hostileUser, hostileRoom)));
  return clients;
}

// chat has clients talk in waves, some of them leave and others come, until the
// returned function is called and the last of them is there.
function chat(clients, address) {
  let stopped = false;
  const talking = (async () => {
    for (let beat = 1; !stopped; beat++) {
      for (let n = 0; n < 6 + 5 * Math.sin(beat / 12); n++) {
        clients[(beat + n) % clients.length].send(`000000${(beat + n) % 8} hello`);
      }
      if (beat % 15 === 0) {
        clients.push(await open(`ws://${address}/client/hubs/rooms?user=guest&rooms=tea`));
      }
      if (beat % 40 === 0) {
        clients.shift().terminate();
      }
      await delay(100);
    }
  })();
  return () => {
    stopped = true;
    return talking;
  };
}

test("the figures move, in the dark and on a phone", limits, async (t) => {
  const { address, admin } = await startWithConsole(t, "rooms", "--publish", "400", "--rooms", "8");
  const clients = await populate(address);
  const browser = await startBrowser(t);
  const { page, faults } = await openConsole(browser, admin);
  t.after(() => clients.forEach((client) => client.terminate()));
  await figure(page, "Connections").getByText("65", { exact: true }).waitFor();
  await page.waitForFunction(() => document.querySelector(".plot path").getAttribute("d").includes("L"));
  const out = page.locator(".card", { hasText: "Messages/s" }).locator(".value").nth(1);
  await out.filter({ hasText: /^[1-9][\d,.]*$/ }).waitFor();
  await page.getByRole("region", { name: "Hubs" }).getByRole("cell", { name: "rooms", exact: true }).waitFor();
  assert.equal(await page.getByRole("region", { name: "Loops" }).getByRole("row").count() > 1, true);

  const stopChat = chat(clients, address);
  await figure(page, "Messages/s").getByText(/^[1-9]/).waitFor();

  const plotted = () => page.locator(".plot path").first().getAttribute("d");
  if (process.env.SCREENSHOTS) {
    await delay(50_000); // for plots with something in them
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/console.png` });
  }

  await stopChat();
  const left = clients.length - 5;

  // A tab out of sight asks for nothing.
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, value: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await delay(500); // for what was asked before
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const drawn = await plotted();
  await delay(2500);
  assert.deepEqual(asked, []);
  await page.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await page.waitForFunction((was) => document.querySelector(".plot path").getAttribute("d") !== was, drawn);

  clients.slice(0, 5).forEach((client) => client.terminate());
  await figure(page, "Connections").getByText(String(left), { exact: true }).waitFor();
  await page.getByRole("region", { name: "Refusals and disconnects" }).getByRole("cell", { name: /^peer_(gone|reset)$/ }).first().waitFor();

  const phone = await openConsole(browser, admin, { viewport: { width: 360, height: 780 }, colorScheme: "dark", hasTouch: true, deviceScaleFactor: 2 });
  await figure(phone.page, "Connections").getByText(String(left), { exact: true }).waitFor();
  if (process.env.SCREENSHOTS) {
    await delay(20_000);
    await phone.page.screenshot({ path: `${process.env.SCREENSHOTS}/console-phone.png` });
  }
  for (const view of ["Overview", "Sessions", "Groups", "Client"]) {
    await phone.page.getByRole("link", { name: view, exact: true }).tap();
    await phone.page.getByRole("heading", { name: view, exact: true, level: 2 }).waitFor({ state: "attached" });
    assert.equal(await noSideways(phone.page), true, `${view} scrolls sideways on a phone`);
  }
  assert.deepEqual([...faults, ...phone.faults], []);
});

test("sessions and groups are found, shown as text, and acted on", limits, async (t) => {
  const { address, admin } = await startWithConsole(t, "rooms");
  const clients = await populate(address);
  const browser = await startBrowser(t);
  const { page, faults } = await openConsole(browser, admin);

  await page.getByRole("link", { name: "Sessions", exact: true }).click();
  const sessions = page.getByRole("region", { name: "List of sessions" });
  await page.getByText("Page 1, 50 shown").waitFor();
  await page.getByRole("button", { name: "Next page" }).click();
  await page.getByText("Page 2, 15 shown, the last page").waitFor();

  await page.getByLabel("User").fill("user-7");
  await page.keyboard.press("Enter");
  await page.getByText("Page 1, 2 shown, the last page").waitFor();

  await page.getByLabel("User").fill(hostileUser);
  await page.keyboard.press("Enter");
  await page.getByText("Page 1, 1 shown, the last page").waitFor();
  await sessions.getByRole("cell", { name: hostileUser, exact: true }).waitFor();
  await sessions.getByRole("button").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(hostileUser, { exact: true }).waitFor();
  await dialog.getByText(hostileRoom, { exact: true }).waitFor();
  assert.equal(await page.title(), "Sluice console");
  assert.equal(await page.locator("img, main script").count(), 0);

  const victim = clients.at(-1);
  const received = new Promise((resolve) => victim.once("message", (data) => resolve(String(data))));
  await dialog.getByLabel("Message").fill("hello from the operator");
  await page.keyboard.press("Enter");
  await dialog.getByText("Sent to 1, dropped for 0, closed 0.").waitFor();
  assert.equal(await received, "hello from the operator");
  const closed = new Promise((resolve) => victim.once("close", (code, reason) => resolve(`${code} ${reason}`)));
  page.once("dialog", (asked) => asked.accept());
  await dialog.getByLabel("Close code").fill("4001");
  await dialog.getByLabel("Reason").fill("enough");
  await dialog.getByRole("button", { name: "Close", exact: true }).click();
  await dialog.getByText("The close handshake has begun.").waitFor();
  assert.equal(await closed, "4001 enough");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });

  await page.getByRole("link", { name: "Groups", exact: true }).click();
  await page.getByText("Page 1, 8 shown, the last page").waitFor();
  await page.getByLabel("Name begins with").fill("000000");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "0000003" }).click();
  await dialog.getByText("Members", { exact: true }).waitFor();
  await dialog.getByRole("button", { name: "List the members" }).click();
  await page.getByText("Page 1, 32 shown, the last page").waitFor();

  await page.getByLabel("Connection id").fill("nonsense");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText('session: "nonsense": is no connection id of this gateway').waitFor();
  assert.deepEqual(faults.filter((fault) => !fault.includes("404")), []);
  clients.forEach((client) => client.terminate());
});

test("a list goes on with the search that it began with", limits, async (t) => {
  const { address, admin } = await startWithConsole(t, "sluice");
  const clients = [];
  for (let n = 0; n < 120; n++) {
    clients.push(await open(`ws://${address}/client/hubs/chat`));
  }
  const { page, faults } = await openConsole(await startBrowser(t), admin);
  await page.getByRole("link", { name: "Sessions", exact: true }).click();
  await page.locator("#sessionhub").selectOption("chat");
  await page.locator("#findsessions").getByRole("button", { name: "Search" }).click();
  await page.getByText("Page 1, 50 shown").waitFor();

  // A click too many, and a hub that was chosen and not searched for.
  await page.locator("#sessionhub").selectOption("echo");
  await page.getByRole("button", { name: "Next page" }).dblclick();
  await page.getByText("Page 2, 50 shown").waitFor();
  await page.getByRole("button", { name: "Next page" }).click();
  await page.getByText("Page 3, 20 shown, the last page").waitFor();

  // Of two searches the last one counts, whichever is answered first.
  await page.route("**/sessions?hub=echo*", async (route) => {
    await delay(500);
    await route.continue();
  });
  const late = page.waitForResponse("**/sessions?hub=echo*");
  await page.locator("#findsessions").getByRole("button", { name: "Search" }).click();
  await page.locator("#sessionhub").selectOption("chat");
  await page.locator("#findsessions").getByRole("button", { name: "Search" }).click();
  await page.getByText("Page 1, 50 shown").waitFor();
  await (await late).finished();
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.equal(await page.locator("#sessionstate").textContent(), "Page 1, 50 shown");
  assert.deepEqual(faults, []);
  clients.forEach((client) => client.terminate());
});

test("an answer that comes late does not change whom an action is for", limits, async (t) => {
  const { address, admin } = await startWithConsole(t, "rooms");
  const clients = await Promise.all(["ana", "ben"].map((user) => open(`ws://${address}/client/hubs/rooms?user=${user}&rooms=tea`)));
  const { page, faults } = await openConsole(await startBrowser(t), admin);
  await page.getByRole("link", { name: "Sessions", exact: true }).click();
  const rows = page.getByRole("region", { name: "List of sessions" }).getByRole("row");
  const [ana, ben] = [rows.filter({ hasText: "ana" }), rows.filter({ hasText: "ben" })].map((row) => row.getByRole("button"));
  const slow = await ana.textContent();
  const late = new Promise((resolve) => {
    page.route(`**/sessions/${slow}`, async (route) => {
      const response = await route.fetch();
      await page.getByRole("dialog").getByText("ben", { exact: true }).waitFor();
      await route.fulfill({ response });
      resolve();
    });
  });
  await ana.click();
  await ben.click();
  await late;
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100))); // for what the page does with it
  await page.getByRole("dialog").getByText("ben", { exact: true }).waitFor({ timeout: 1000 });

  // What comes of an action on one session is not said of another.
  await page.route("**/send", async (route) => {
    const response = await route.fetch();
    await page.keyboard.press("Escape");
    await page.unroute(`**/sessions/${slow}`);
    await ana.click();
    await page.getByRole("dialog").getByText("ana", { exact: true }).waitFor();
    await route.fulfill({ response });
  });
  const sent = page.waitForResponse("**/send");
  await page.getByRole("dialog").getByLabel("Message").fill("hello");
  await page.keyboard.press("Enter");
  await (await sent).finished();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
  assert.equal(await page.locator("#outcome").textContent(), "");
  assert.deepEqual(faults, []);
  clients.forEach((client) => client.terminate());
});

test("an action may take as long as the gateway lets it", limits, async (t) => {
  const { address, admin } = await startWithConsole(t, "rooms");
  const client = await open(`ws://${address}/client/hubs/rooms?user=ana&rooms=tea`);
  const { page, faults } = await openConsole(await startBrowser(t), admin);
  await page.getByRole("link", { name: "Sessions", exact: true }).click();
  await page.getByRole("region", { name: "List of sessions" }).getByRole("button").click();
  await page.route("**/send", async (route) => {
    await delay(5500); // longer than figures may take
    await route.continue();
  });
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Message").fill("hello");
  await page.keyboard.press("Enter");
  await dialog.getByText("waiting for the gateway").waitFor();
  await dialog.getByText("Sent to 1, dropped for 0, closed 0.").waitFor();
  assert.deepEqual(faults, []);
  client.terminate();
});

test("the client offers wss where the public port has a certificate", limits, async (t) => {
  const { address, admin } = await startWithConsole(t, "sluice");
  const { page } = await newPage(await startBrowser(t), `http://${admin}/`);
  await page.route("**/figures", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), secured: true } });
  });
  await page.goto(`http://${admin}/#client`);
  await page.getByRole("status").getByText("ready").waitFor();
  assert.equal(await page.getByLabel("Address").inputValue(), `wss://${address}/client/hubs/chat`);
});

test("every view is reached by keyboard", limits, async (t) => {
  const { address, admin } = await startWithConsole(t, "sluice");
  const client = await open(`ws://${address}/client/hubs/chat`);
  const { page, faults } = await openConsole(await startBrowser(t), admin);
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);

  await page.keyboard.press("Tab");
  assert.equal(await focused(), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "main");
  await page.reload();
  const order = [];
  for (let n = 0; n < 5; n++) {
    await page.keyboard.press("Tab");
    order.push(await focused());
  }
  assert.deepEqual(order, ["skip", "Overview", "Sessions", "Groups", "Client"]);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.locator('a[aria-current="page"]', { hasText: "Sessions" }).waitFor();
  await page.getByText("Page 1, 1 shown, the last page").waitFor();
  await page.getByRole("region", { name: "List of sessions" }).getByRole("button").focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("127.0.0.1:").waitFor();
  await dialog.getByText("Actions are off").waitFor();
  assert.equal(await dialog.getByRole("button", { name: "Send" }).isVisible(), false);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.closest("tbody")?.id), "sessionrows", "focus returns to the list");
  assert.deepEqual(faults, []);
  client.terminate();
});

test("the client connects to the public port", limits, async (t) => {
  const { address, admin } = await startWithConsole(t, "sluice");
  const other = await open(`ws://${address}/client/hubs/chat`);
  const { page, faults } = await openConsole(await startBrowser(t), admin);
  await page.getByRole("link", { name: "Client", exact: true }).click();
  assert.equal(await page.getByLabel("Address").inputValue(), `ws://${address}/client/hubs/chat`);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.locator('#state[data-state="open"]').waitFor();
  const received = new Promise((resolve) => other.once("message", (data) => resolve(String(data))));
  await page.getByRole("textbox", { name: "Message" }).fill("<b>plain</b>");
  await page.keyboard.press("Enter");
  assert.equal(await received, "<b>plain</b>");
  other.send("<i>back</i>");
  await page.getByRole("log").getByText("<i>back</i>").waitFor();
  assert.deepEqual(faults, []);
  other.terminate();
});

test("the client speaks the pub/sub subprotocol where it is accepted", limits, async (t) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" }); // takes the first subprotocol that is offered
  t.after(() => server.close());
  const requests = [];
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      const request = JSON.parse(data);
      requests.push(request);
      socket.send(JSON.stringify({ type: "ack", ackId: request.ackId, success: request.type !== "leaveGroup", error: { name: "Forbidden", message: "stay" } }));
      if (request.type === "sendToGroup") {
        socket.send(JSON.stringify({ type: "message", from: "group", group: request.group, dataType: "json", data: { said: request.data } }));
      }
    });
    socket.send(JSON.stringify({ type: "system", event: "connected", connectionId: "c1", userId: "ana" }));
  });
  const { admin } = await startWithConsole(t, "sluice");
  const { page, faults } = await openConsole(await startBrowser(t), admin);
  await page.getByRole("link", { name: "Client", exact: true }).click();
  await page.getByLabel("Address").fill(`ws://127.0.0.1:${server.address().port}/client/hubs/chat`);
  await page.getByLabel("Subprotocol").selectOption("json.webpubsub.azure.v1");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  const log = page.getByRole("log");
  await log.getByText("connected c1 as ana").waitFor();
  await page.getByRole("textbox", { name: "Group" }).fill("tea");
  await page.getByRole("button", { name: "Join" }).click();
  await log.getByText("1: done").waitFor();
  await page.getByRole("textbox", { name: "Message" }).fill("hello");
  await page.keyboard.press("Enter");
  await log.getByText('{"said":"hello"}').waitFor();
  await page.getByRole("button", { name: "Leave" }).click();
  await log.getByText("3: Forbidden: stay").waitFor();
  assert.deepEqual(requests, [
    { type: "joinGroup", ackId: 1, group: "tea" },
    { type: "sendToGroup", ackId: 2, group: "tea", noEcho: false, dataType: "text", data: "hello" },
    { type: "leaveGroup", ackId: 3, group: "tea" },
  ]);
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.locator('#state[data-state="closed"]').waitFor();
  assert.deepEqual(faults, []);
});

test("a gateway that goes is noticed", limits, async (t) => {
  const { admin, stop } = await startWithConsole(t, "sluice");
  const { page } = await openConsole(await startBrowser(t), admin);
  await stop();
  await page.getByRole("status").getByText("the gateway does not answer").waitFor();
});
