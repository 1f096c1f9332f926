// permessage-deflate with implementations of others: npm ws and Chromium.
import { test } from "node:test";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import zlib from "node:zlib";
import WebSocket from "ws";
import { missing, startBrowser } from "./chromium.mjs";
import { inbox, leave, open } from "./client.mjs";
import { startGateway } from "./gateway.mjs";
import { startWire } from "./wire.mjs";

const threshold = 256; // of the gateway
const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const sizes = [0, 1, threshold - 1, threshold, 4000, 65536];

const words = (size) => "many words, few of them new. ".repeat(size / 29 + 1).slice(0, size);

// Noise gets longer by being compressed, so it must be a little under the limit.
const noise = randomBytes(60_000);

// What a client may offer, and what the gateway makes of it.
const offers = [
  { name: "default", options: {}, answer: agreed },
  { name: "serverMaxWindowBits 9", options: { serverMaxWindowBits: 9 }, answer: agreed + "; server_max_window_bits=9" },
  { name: "serverMaxWindowBits 15", options: { serverMaxWindowBits: 15 }, answer: agreed + "; server_max_window_bits=15" },
  { name: "clientMaxWindowBits", options: { clientMaxWindowBits: true }, answer: agreed },
  { name: "clientMaxWindowBits 10", options: { clientMaxWindowBits: 10 }, answer: agreed },
  { name: "clientNoContextTakeover", options: { clientNoContextTakeover: true }, answer: agreed },
  { name: "serverNoContextTakeover false", options: { serverNoContextTakeover: false }, answer: agreed },
  { name: "threshold 0", options: { threshold: 0 }, answer: agreed },
];

// openWithAnswer also returns the header in which the gateway agreed.
async function openWithAnswer(url, options) {
  const client = new WebSocket(url, options);
  const upgraded = once(client, "upgrade");
  await once(client, "open");
  const [response] = await upgraded;
  return { client, answer: response.headers["sec-websocket-extensions"] };
}

for (const { name, options, answer: want } of offers) {
  test(`npm ws, offer: ${name}`, { timeout: 20_000 }, async (t) => {
    const { address } = await startGateway(t, "--compression");
    const wire = await startWire(t, address);
    const { client, answer } = await openWithAnswer(`ws://${wire.address}/client/hubs/echo`, { perMessageDeflate: options });
    assert.equal(answer, want);
    const receive = inbox(client);
    for (const size of sizes) {
      for (const binary of [false, true]) {
        const payload = Buffer.from(words(size));
        const before = wire.toClient;
        client.send(payload, { binary });
        const echo = await receive();
        assert.equal(echo.binary, binary);
        assert.ok(echo.data.equals(payload), `${size} bytes`);
        const came = wire.toClient - before;
        if (size >= threshold) {
          assert.ok(came < size / 2, `${size} bytes came as ${came}`);
        } else {
          assert.equal(came, size + (size > 125 ? 4 : 2), `${size} bytes were not worth it`);
        }
      }
    }
    client.send(noise);
    assert.ok((await receive()).data.equals(noise));
    await leave(client);
  });
}

test("npm ws, compression off at the gateway", { timeout: 20_000 }, async (t) => {
  const { address } = await startGateway(t, "--no-compression");
  const { client, answer } = await openWithAnswer(`ws://${address}/client/hubs/echo`, { perMessageDeflate: { threshold: 0 } });
  assert.equal(answer, undefined);
  const receive = inbox(client);
  client.send(words(4000));
  assert.equal((await receive()).data.toString(), words(4000));
  await leave(client);
});

test("npm ws: a broadcast reaches each as it agreed", { timeout: 20_000 }, async (t) => {
  const { address } = await startGateway(t, "--compression");
  const wires = [];
  const clients = [];
  for (const perMessageDeflate of [true, { serverMaxWindowBits: 10 }, { serverMaxWindowBits: 9 }, false]) {
    const wire = await startWire(t, address);
    const client = await open(`ws://${wire.address}/client/hubs/chat`, { perMessageDeflate });
    wires.push(wire);
    clients.push({ client, receive: inbox(client), compressed: perMessageDeflate !== false });
  }
  for (const size of sizes) {
    for (const sender of clients) {
      const before = wires.map((wire) => wire.toClient);
      sender.client.send(words(size));
      for (const [i, receiver] of clients.entries()) {
        if (receiver === sender) {
          continue;
        }
        assert.equal((await receiver.receive()).data.toString(), words(size));
        const came = wires[i].toClient - before[i];
        assert.equal(came < size, receiver.compressed && size >= threshold, `${size} bytes came as ${came}`);
      }
    }
  }
  await Promise.all(clients.map(({ client }) => leave(client)));
});

// zlib makes the most blocks with little memory; none of them may be taken for
// an attack.
test("npm ws: whatever zlib is told to do is understood", { timeout: 60_000 }, async (t) => {
  const { address } = await startGateway(t, "--compression");
  const letters = Buffer.alloc(65536, "a");
  for (const memLevel of [1, 5, 9]) {
    for (const strategy of [zlib.constants.Z_DEFAULT_STRATEGY, zlib.constants.Z_HUFFMAN_ONLY, zlib.constants.Z_RLE, zlib.constants.Z_FIXED]) {
      const zlibDeflateOptions = { memLevel, strategy, level: 9 };
      const client = await open(`ws://${address}/client/hubs/echo`, { perMessageDeflate: { threshold: 0, zlibDeflateOptions } });
      const receive = inbox(client);
      for (const payload of [letters, Buffer.from(words(65536)), Buffer.from(noise.toString("hex").slice(0, 60_000))]) {
        client.send(payload);
        assert.ok((await receive()).data.equals(payload), `memLevel ${memLevel}, strategy ${strategy}`);
      }
      for (const piece of ["a", "few ", "flushed ", "pieces "].concat(Array(500).fill("and more ")).concat("")) {
        client.send(piece, { fin: piece === "" });
      }
      assert.match((await receive()).data.toString(), /^afew flushed pieces (and more )+$/);
      await leave(client);
    }
  }
});

test("Chromium: text and binary messages both ways, and broadcasts", { timeout: 60_000, skip: missing }, async (t) => {
  const { address } = await startGateway(t, "--compression");
  const wire = await startWire(t, address);
  const browser = await startBrowser(t);
  const page = await browser.newPage();
  const connect = (hub, name) =>
    page.evaluate(
      async ({ url, name }) => {
        const socket = (window[name] = new WebSocket(url));
        socket.binaryType = "arraybuffer";
        socket.inbox = [];
        socket.onmessage = ({ data }) => {
          socket.inbox.push(data);
          socket.wake?.();
        };
        socket.receive = async () => {
          while (socket.inbox.length === 0) {
            await new Promise((resolve) => (socket.wake = resolve));
          }
          return socket.inbox.shift();
        };
        await new Promise((resolve, reject) => ((socket.onopen = resolve), (socket.onerror = reject)));
        return socket.extensions;
      },
      { url: `ws://${wire.address}/client/hubs/${hub}`, name },
    );
  // exchange has one socket of the page send and one receive, and returns what came.
  const exchange = (from, to, text, binary) =>
    page.evaluate(
      async ({ from, to, text, binary }) => {
        window[from].send(binary ? new TextEncoder().encode(text) : text);
        const data = await window[to].receive();
        return { binary: typeof data !== "string", text: typeof data === "string" ? data : new TextDecoder().decode(data) };
      },
      { from, to, text, binary },
    );

  assert.equal(await connect("echo", "echo"), agreed);
  for (const name of ["ana", "ben"]) {
    assert.equal(await connect("chat", name), agreed);
  }
  for (const [from, to] of [["echo", "echo"], ["ana", "ben"], ["ben", "ana"]]) {
    for (const size of sizes) {
      for (const binary of [false, true]) {
        const text = words(size);
        const before = { ...wire };
        assert.deepEqual(await exchange(from, to, text, binary), { binary, text }, `${from} to ${to}, ${size} bytes`);
        if (size >= threshold) {
          assert.ok(wire.toClient - before.toClient < size / 2, `${size} bytes came as ${wire.toClient - before.toClient}`);
          assert.ok(wire.toGateway - before.toGateway < size / 2, `${size} bytes went as ${wire.toGateway - before.toGateway}`);
        }
      }
    }
    const text = noise.toString("latin1").replace(/[^ -~]/g, ""); // printable noise
    assert.equal((await exchange(from, to, text, false)).text, text);
  }
  const length = await page.evaluate(async () => {
    const noise = crypto.getRandomValues(new Uint8Array(60_000));
    window.echo.send(noise);
    const back = new Uint8Array(await window.echo.receive());
    return back.every((b, i) => b === noise[i]) && back.length;
  });
  assert.equal(length, noise.length);
});
