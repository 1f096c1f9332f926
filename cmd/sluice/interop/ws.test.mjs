// The npm package ws against the gateway.
import { test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import WebSocket from "ws";
import { startGateway } from "./gateway.mjs";

async function open(url, options) {
  const client = new WebSocket(url, options);
  await once(client, "open");
  return client;
}

// inbox collects what a client receives, from the beginning.
function inbox(client) {
  const waiting = [];
  let wake = () => {};
  client.on("message", (data, binary) => {
    waiting.push({ data, binary });
    wake();
  });
  return async () => {
    while (waiting.length === 0) {
      await new Promise((resolve) => (wake = resolve));
    }
    return waiting.shift();
  };
}

async function leave(client, code = 1000) {
  client.close(code);
  const [answered] = await once(client, "close");
  assert.equal(answered, code);
}

test("two hubs: chat publishes to the others, echo sends back", { timeout: 20_000 }, async (t) => {
  const { address } = await startGateway(t);
  const chat = `ws://${address}/client/hubs/chat`;
  const [ana, ben, cem] = await Promise.all([open(chat), open(chat), open(chat)]);
  const [toAna, toBen, toCem] = [ana, ben, cem].map(inbox);

  ana.send("hello from ana");
  for (const receive of [toBen, toCem]) {
    const { data, binary } = await receive();
    assert.equal(data.toString(), "hello from ana");
    assert.equal(binary, false);
  }
  ben.send(Buffer.from([0, 1, 254, 255]));
  for (const receive of [toAna, toCem]) {
    const { data, binary } = await receive();
    assert.deepEqual([...data], [0, 1, 254, 255]);
    assert.equal(binary, true);
  }

  const echo = await open(`ws://${address}/client/hubs/echo`);
  const received = inbox(echo);
  for (const size of [0, 1, 125, 126, 65535, 65536]) {
    const payload = Buffer.alloc(size, size % 251);
    echo.send(payload);
    assert.deepEqual((await received()).data, payload, `${size} bytes`);
  }
  echo.ping("are you there");
  const [pong] = await once(echo, "pong");
  assert.equal(pong.toString(), "are you there");

  await Promise.all([leave(ana), leave(ben, 4321), leave(cem), leave(echo)]);
});

test("fragments and a message over the limit", { timeout: 20_000 }, async (t) => {
  const { address } = await startGateway(t, "--max-message", "1KiB");
  const echo = await open(`ws://${address}/client/hubs/echo`);
  const received = inbox(echo);
  echo.send("in ", { fin: false });
  echo.send("three ", { fin: false });
  echo.send("pieces", { fin: true });
  assert.equal((await received()).data.toString(), "in three pieces");
  echo.send("x".repeat(1025));
  const [code] = await once(echo, "close");
  assert.equal(code, 1009);
});

test("compressed messages, both ways and to those who did not ask", { timeout: 20_000 }, async (t) => {
  const { address } = await startGateway(t, "--compression=true");
  const chat = `ws://${address}/client/hubs/chat`;
  const offer = { threshold: 0, serverMaxWindowBits: 10 };
  const [ana, ben, cem] = await Promise.all([
    open(chat, { perMessageDeflate: offer }),
    open(chat, { perMessageDeflate: true }),
    open(chat, { perMessageDeflate: false }),
  ]);
  assert.match(ana.extensions, /permessage-deflate/);
  assert.equal(cem.extensions, "");
  const [toAna, toBen, toCem] = [ana, ben, cem].map(inbox);
  for (const size of [0, 100, 3000, 60_000]) {
    const text = "many words, few of them new. ".repeat(size / 29 + 1).slice(0, size);
    ana.send(text);
    assert.equal((await toBen()).data.toString(), text);
    assert.equal((await toCem()).data.toString(), text);
    cem.send(text);
    assert.equal((await toAna()).data.toString(), text);
    assert.equal((await toBen()).data.toString(), text);
  }
  await Promise.all([leave(ana), leave(ben), leave(cem)]);
});

test("refusals come before the upgrade", { timeout: 20_000 }, async (t) => {
  const { address } = await startGateway(t);
  const client = new WebSocket(`ws://${address}/client/hubs/nobody`);
  const [, response] = await once(client, "unexpected-response");
  assert.equal(response.statusCode, 404);
  response.resume();
  await once(response, "end");
});

test("pages are served on the same port", { timeout: 20_000 }, async (t) => {
  const { address } = await startGateway(t);
  const [response] = await once(http.get(`http://${address}/`), "response");
  assert.equal(response.statusCode, 200);
  response.resume();
  await once(response, "end");
});

test("a stop closes every session with 1001", { timeout: 20_000 }, async (t) => {
  const { address, stop } = await startGateway(t);
  const client = await open(`ws://${address}/client/hubs/chat`);
  const closed = once(client, "close");
  await stop();
  assert.equal((await closed)[0], 1001);
});
