// What the tests with the SDKs of Web PubSub share: the gateway, its backend, clients,
// and a proxy that cuts connections. The SDKs are used as they are published.
import http from "node:http";
import net from "node:net";
import { once } from "node:events";
import { WebPubSubServiceClient } from "@azure/web-pubsub";
import { WebPubSubEventHandler } from "@azure/web-pubsub-express";
import { WebPubSubClient, WebPubSubJsonProtocol, WebPubSubJsonReliableProtocol } from "@azure/web-pubsub-client";
import { startGateway } from "./gateway.mjs";

export const key = "0123456789abcdef0123456789abcdef";
export const everything = ["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"];

// startHub starts a gateway with hub chat and returns a client of its REST API. The
// options are those of the SDK's event handler, if there is to be one.
export async function startHub(t, options, ...flags) {
  const backend = options && (await startBackend(options));
  if (backend) {
    flags.push("--upstream", `chat=${backend.url}/api/webpubsub/hubs/chat/`);
  }
  const { address } = await startGateway(t, "--access-key", key, ...flags);
  t.after(() => backend?.stop()); // behind the gateway, which has something to tell it
  return serviceAt(address);
}

export function serviceAt(address, hub = "chat") {
  const endpoint = `Endpoint=http://${address};AccessKey=${key};Version=1.0;`;
  return new WebPubSubServiceClient(endpoint, hub, { allowInsecureConnection: true, retryOptions: { maxRetries: 0 } });
}

// startBackend serves the SDK's event handler, in a server of Node's own.
async function startBackend(options) {
  const handler = new WebPubSubEventHandler("chat", options).getMiddleware();
  const server = http.createServer((request, response) => {
    request.path = request.baseUrl = new URL(request.url, "http://x").pathname;
    handler(request, response, () => response.writeHead(404).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

// startClient connects a client of the SDK and returns it with what happens to it. By
// way of a proxy, if one is given.
export async function startClient(t, service, { reliable = false, via, ...token } = {}) {
  let { url } = await service.getClientAccessToken(token);
  if (via) {
    url = url.replace(/127\.0\.0\.1:\d+/, via.address);
  }
  const client = new WebPubSubClient(url, {
    protocol: reliable ? WebPubSubJsonReliableProtocol() : WebPubSubJsonProtocol(),
    messageRetryOptions: { maxRetries: 0 },
    autoReconnect: false,
  });
  const seen = { connected: queue(), messages: queue(), disconnected: queue(), stopped: queue() };
  client.on("connected", seen.connected.put);
  client.on("disconnected", seen.disconnected.put);
  client.on("stopped", seen.stopped.put);
  client.on("group-message", ({ message }) => seen.messages.put({ from: message.group, ...carried(message) }));
  client.on("server-message", ({ message }) => seen.messages.put({ from: "server", ...carried(message) }));
  t.after(() => client.stop());
  await client.start();
  const { connectionId } = await seen.connected.take();
  return { client, id: connectionId, seen };
}

function carried({ dataType, data, fromUserId }) {
  const value = data instanceof ArrayBuffer ? [...new Uint8Array(data)] : data;
  return fromUserId ? { type: dataType, data: value, user: fromUserId } : { type: dataType, data: value };
}

// queue keeps what happens until somebody asks.
export function queue() {
  const waiting = [];
  let wake = () => {};
  return {
    put: (value) => {
      waiting.push(value);
      wake();
    },
    take: async () => {
      while (waiting.length === 0) {
        await new Promise((resolve) => (wake = resolve));
      }
      return waiting.shift();
    },
    get length() {
      return waiting.length;
    },
  };
}

// startProxy passes TCP connections on until it is told to cut them.
export async function startProxy(t, to) {
  const [host, port] = to.split(":");
  const pairs = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(Number(port), host);
    pairs.add(near);
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on("error", () => {});
      one.on("close", () => {
        other.destroy();
        pairs.delete(near);
      });
      one.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => pairs.forEach((near) => near.destroy());
  t.after(() => {
    cut();
    server.close();
  });
  return { address: `127.0.0.1:${server.address().port}`, cut };
}
