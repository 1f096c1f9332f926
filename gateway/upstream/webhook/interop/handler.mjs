// An event handler made with the package, unchanged, in a server of Node's own. It
// prints its address, and then each notification as a line of JSON.
import http from "node:http";
import { WebPubSubEventHandler } from "@azure/web-pubsub-express";

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const about = ({ context, ...event }) => ({
  event: context.eventName,
  connection: context.connectionId,
  user: decodeURIComponent(context.userId ?? ""),
  states: context.states,
  ...event,
});

const handler = new WebPubSubEventHandler("chat", {
  allowedEndpoints: ["http://127.0.0.1:8080"],
  handleConnect: (request, response) => {
    if (request.query?.as?.[0] === "stranger") {
      response.fail(401, "no strangers");
      return;
    }
    if (request.claims?.plain) {
      response.success();
      return;
    }
    response.setState("greeted", 0);
    response.success({
      userId: request.query?.as?.[0],
      groups: ["hall"],
      roles: ["webpubsub.sendToGroup"],
      subprotocol: request.subprotocols[1],
    });
  },
  handleUserEvent: (request, response) => {
    const { eventName, states } = request.context;
    switch (eventName) {
      case "echo":
        response.success(request.data, request.dataType);
        return;
      case "echoJSON":
        response.success(JSON.stringify(request.data), "json");
        return;
      case "greet":
        response.setState("greeted", states.greeted + 1);
        response.success(`hello ${decodeURIComponent(request.context.userId)}, ${states.greeted}`, "text");
        return;
      case "refuse":
        response.fail(400, "not so");
        return;
      default:
        response.success();
    }
  },
  onConnected: (request) => print(about(request)),
  onDisconnected: (request) => print(about(request)),
  onGroupJoined: (request) => print(about(request)),
  onGroupLeft: (request) => print(about(request)),
});

// What Express gives a middleware of what Node gives a server.
const middleware = handler.getMiddleware();
const server = http.createServer((request, response) => {
  request.baseUrl = "";
  request.path = new URL(request.url, "http://host").pathname;
  middleware(request, response, (error) => {
    response.statusCode = error ? 500 : 404;
    response.end(error ? String(error) : "");
  });
});
server.listen(0, "127.0.0.1", () => print(server.address().port));
process.stdin.resume().on("end", () => process.exit(0));
