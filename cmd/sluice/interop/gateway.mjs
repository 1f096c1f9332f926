// Starts the gateway with its built-in configuration on a port of the kernel's
// choice. It ends with the test, or before by stop, and must end cleanly.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

const binary = fileURLToPath(new URL("../../../bin/sluice", import.meta.url));

export async function startGateway(t, ...flags) {
  const child = spawn(binary, ["serve", "--listen", "127.0.0.1:0", "--admin=", ...flags]);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    const status = await ended;
    if (status !== 0) {
      throw new Error(`sluice ended with status ${status}`);
    }
  };
  t.after(stop);
  for await (const line of createInterface({ input: child.stdout })) {
    const found = line.match(/listening on (\S+)/);
    if (found) {
      return { address: found[1], stop };
    }
  }
  throw new Error("sluice ended before it listened");
}
