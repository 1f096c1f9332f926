// The example game in a real browser: two players, a few who wander about, and one
// who does not read.
import { test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { missing, newPage, noSideways, startBrowser } from "./chromium.mjs";
import { open } from "./client.mjs";
import { startPage } from "./gateway.mjs";

const limits = { timeout: 120_000, skip: missing };

// join opens the page as a player and follows what it is sent: the layout is that of
// examples/game/wire.go.
async function join(browser, url, options) {
  const player = await newPage(browser, url, options);
  const own = { id: 0, tick: 0, missed: 0, crumbs: [], players: new Map() };
  player.page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => follow(own, payload)));
  await player.page.goto(url);
  await player.page.getByRole("status").getByText("You are player").waitFor();
  return { ...player, own, self: () => own.players.get(own.id) };
}

function follow(own, bytes) {
  if (bytes[0] === 1) {
    own.id = bytes.readUInt32BE(1);
    return;
  }
  const tick = bytes.readUInt32BE(1);
  own.missed += own.tick ? tick - own.tick - 1 : 0;
  own.tick = tick;
  const place = (at) => ({ x: bytes.readUInt16BE(at), y: bytes.readUInt16BE(at + 2) });
  const players = 6 + 4 * bytes[5];
  own.crumbs = Array.from({ length: bytes[5] }, (_, n) => place(6 + 4 * n));
  own.players = new Map();
  for (let at = players; at < bytes.length; at += 10) {
    own.players.set(bytes.readUInt32BE(at), { ...place(at + 4), score: bytes.readUInt16BE(at + 8) });
  }
}

// until waits for what a player sees.
async function until(condition) {
  while (!condition()) {
    await delay(20);
  }
}

const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);
const nearest = (to, crumbs) => crumbs.reduce((one, other) => (distance(one, to) <= distance(other, to) ? one : other));

test("two play, by keyboard and by touch, and see each other", limits, async (t) => {
  const { url, stop } = await startPage(t, "bin/game", "--listen", "127.0.0.1:0");
  const socket = url.replace("http", "ws") + "client/hubs/game";
  const browser = await startBrowser(t);
  const ana = await join(browser, url, { viewport: { width: 1120, height: 800 } });
  const ben = await join(browser, url, { viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true });
  const idler = await open(socket);
  idler.pause();
  t.after(() => idler.terminate());

  await ana.page.keyboard.down("ArrowRight");
  await ana.page.keyboard.down("KeyS");
  await until(() => distance(ben.own.players.get(ana.own.id), { x: 970, y: 970 }) === 0);
  await ana.page.keyboard.up("ArrowRight");
  await ana.page.keyboard.up("KeyS");

  const box = await ben.page.getByLabel("The field").boundingBox();
  assert.ok(box.width > 300, "the field fills a phone");
  assert.equal(await noSideways(ben.page), true);
  await ben.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await ben.page.mouse.down();
  await until(() => distance(ana.own.players.get(ben.own.id), { x: 500, y: 500 }) < 10);
  await ben.page.mouse.up();

  await chase(ana);
  await ana.page.getByRole("listitem").filter({ hasText: /you\s*[1-9]/ }).waitFor();
  if (process.env.SCREENSHOTS) {
    await portray(t, ana, socket);
  }
  assert.equal(ana.own.missed, 0, "who reads misses no state");
  await stop();
  await ana.page.getByRole("status").getByText("connecting again").waitFor();
  assert.deepEqual([...ana.faults, ...ben.faults].filter((fault) => !fault.includes("WebSocket")), []);
});

// chase has a player hold the pointer on the crumb that is nearest, until it has
// eaten a few.
async function chase({ page, own, self }) {
  const box = await page.getByLabel("The field").boundingBox();
  const point = ({ x, y }) => [box.x + (x / 1000) * box.width, box.y + (y / 1000) * box.height];
  await page.mouse.move(...point(self()));
  await page.mouse.down();
  for (const goal = self().score + 3; self().score < goal; await delay(50)) {
    await page.mouse.move(...point(nearest(self(), own.crumbs)));
  }
  await page.mouse.up();
}

// portray has others wander about for a while, and takes the picture.
async function portray(t, ana, socket) {
  const others = await Promise.all(Array.from({ length: 7 }, () => open(socket)));
  t.after(() => others.forEach((other) => other.terminate()));
  for (let beat = 0; beat < 60; beat++) {
    others.forEach((other, n) => {
      const angle = n + beat / (4 + n); // in circles
      other.send(Int8Array.of(110 * Math.cos(angle), 110 * Math.sin(angle)));
    });
    await delay(100);
  }
  await chase(ana);
  await delay(1000); // for the scores
  await ana.page.screenshot({ path: `${process.env.SCREENSHOTS}/game.png` });
}

test("a player who is turned away comes back less and less often", limits, async (t) => {
  const { url } = await startPage(t, "bin/game", "--listen", "127.0.0.1:0");
  const { page } = await newPage(await startBrowser(t), url);
  await page.clock.install();
  let attempts = 0;
  await page.routeWebSocket(/hubs\/game$/, (socket) => {
    attempts++;
    socket.close();
  });
  await page.goto(url);
  for (let second = 0; second < 60; second++) {
    await page.getByRole("status").getByText("connecting again").waitFor();
    await page.clock.fastForward(1000);
    await delay(20); // for the attempt to fail
  }
  assert.ok(attempts >= 4 && attempts <= 10, `${attempts} attempts in a minute`);
});
