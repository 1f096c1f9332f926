// A TCP relay before the gateway that counts what passes through it.
import net from "node:net";
import { once } from "node:events";

export async function startWire(t, address) {
  const [host, port] = address.split(":");
  const wire = { toClient: 0, toGateway: 0 };
  const sockets = new Set();
  const relay = net.createServer((client) => {
    const gateway = net.connect(port, host);
    for (const [from, to, counter] of [[client, gateway, "toGateway"], [gateway, client, "toClient"]]) {
      sockets.add(from);
      from.on("data", (bytes) => {
        wire[counter] += bytes.length;
        to.write(bytes);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => to.end());
    }
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  t.after(() => {
    sockets.forEach((socket) => socket.destroy());
    relay.close();
  });
  wire.address = `127.0.0.1:${relay.address().port}`;
  return wire;
}
