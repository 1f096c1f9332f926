// The npm package ws against the gateway.
import { test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import WebSocket from "ws";
import { inbox, leave, open } from "./client.mjs";
import { startGateway } from "./gateway.mjs";

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
