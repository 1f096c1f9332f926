// Starts sluice and the backend beside it, and ends both with Ctrl-C.
import http from "node:http";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { WebPubSubServiceClient } from "@azure/web-pubsub";
import { backend } from "./backend.mjs";

const hub = "chat";
const key = randomBytes(32).toString("hex"); // what backend and gateway share

const server = http.createServer().listen(process.env.PORT ?? 9000, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}`;

const upstream = `${hub}=${origin}/api/webpubsub/hubs/${hub}/`;
const sluice = spawn("bin/sluice", ["serve", "examples/chat/sluice.yaml", "--upstream", upstream], {
  cwd: fileURLToPath(new URL("../..", import.meta.url)),
  env: { ...process.env, SLUICE_ACCESS_KEY: key },
  stdio: ["ignore", "pipe", "inherit"],
  detached: true, // Ctrl-C is for this process, which then stops the gateway
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => sluice.kill(signal));
}
sluice.once("exit", (status) => process.exit(status ?? 1));

const address = await listening(sluice.stdout);
const connection = `Endpoint=http://${address};AccessKey=${key};Version=1.0;`;
server.on("request", backend(new WebPubSubServiceClient(connection, hub, { allowInsecureConnection: true })));
console.log(`chat at ${origin}/`);

// listening returns the address of the first line that the gateway prints.
async function listening(output) {
  for await (const line of createInterface({ input: output })) {
    const [, address] = line.match(/listening on (\S+)/) ?? [];
    if (address) {
      output.resume(); // nobody reads the rest
      return address;
    }
  }
}
