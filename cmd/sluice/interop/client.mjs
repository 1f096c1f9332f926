// The npm package ws as a client.
import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";

export async function open(url, options) {
  const client = new WebSocket(url, options);
  await once(client, "open");
  return client;
}

// inbox collects what a client receives, from the beginning.
export function inbox(client) {
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

export async function leave(client, code = 1000) {
  client.close(code);
  const [answered] = await once(client, "close");
  assert.equal(answered, code);
}
