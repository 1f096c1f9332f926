// The backend of the chat, as one for Azure Web PubSub is written: nothing in it knows
// that the service is sluice.
import { fileURLToPath } from "node:url";
import express from "express";
import { WebPubSubEventHandler } from "@azure/web-pubsub-express";

const group = "stream";
const page = fileURLToPath(new URL("../chat/page", import.meta.url));

// backend returns the application for a hub, of which it has a WebPubSubServiceClient.
export function backend(service) {
  const stream = service.group(group);
  const present = new Set(); // connections of viewers

  // Viewers are told how many they are, once a second at most.
  let telling;
  const tell = () => {
    telling ??= setTimeout(() => {
      telling = undefined;
      stream.sendToAll({ viewers: present.size }).catch(console.error);
    }, 1000).unref();
  };

  const events = new WebPubSubEventHandler(service.hubName, {
    handleConnect: (_, response) => response.success({ groups: [group] }),
    onConnected: ({ context }) => {
      present.add(context.connectionId);
      tell();
    },
    onDisconnected: ({ context }) => {
      present.delete(context.connectionId);
      tell();
    },
    handleUserEvent: async ({ context, data }, response) => {
      const text = String(data).trim();
      if (context.eventName !== "say" || text === "" || text.length > 300) {
        response.fail(400, "a line has 1 to 300 characters");
        return;
      }
      try {
        await stream.sendToAll({ from: decodeURIComponent(context.userId), text });
        response.success();
      } catch (fault) {
        console.error(fault);
        response.fail(500, "the service cannot be reached");
      }
    },
  });

  const app = express();
  app.use(events.getMiddleware());
  app.use(express.static(page));
  // A real backend would know who asks.
  app.post("/negotiate", express.urlencoded({ extended: false }), async (request, response) => {
    const userId = String(request.body?.name ?? "").trim();
    if (userId === "" || userId.length > 24) {
      response.status(400).send("a name has 1 to 24 characters");
      return;
    }
    const { url } = await service.getClientAccessToken({ userId, expirationTimeInMinutes: 5 });
    response.json({ url });
  });
  return app;
}
