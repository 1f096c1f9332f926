// Starts programs of the project on ports of the kernel's choice. They end with
// the test, or before by stop, and must end cleanly.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const listening = /listening on (\S+)/;
const administered = /admin +http:\/\/(\S+)\//;

// startGateway runs the gateway with its built-in configuration.
export async function startGateway(t, ...flags) {
  const { found, stop } = await start(t, "sluice", ["serve", "--listen", "127.0.0.1:0", "--admin=", ...flags], [listening]);
  return { address: found[0], stop };
}

// startWithConsole runs the gateway, or an example, with its admin listener.
export async function startWithConsole(t, program, ...flags) {
  const command = program === "sluice" ? ["serve"] : [];
  const { found, stop } = await start(t, program, [...command, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", ...flags], [listening, administered]);
  return { address: found[0], admin: found[1], stop };
}

// startExample runs an example that prints the URL of its page. It is started where
// its users start it, in the root of the repository.
export async function startExample(t, program, ...flags) {
  const { found, stop } = await start(t, program, ["--listen", "127.0.0.1:0", ...flags], [/ at (http:\S+)/]);
  return { url: found[0], stop };
}

// start runs a program until it has said what all patterns are for.
async function start(t, program, args, patterns) {
  const child = spawn(`bin/${program}`, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGINT");
    const status = await ended;
    if (status !== 0) {
      throw new Error(`${program} ended with status ${status}`);
    }
  };
  t.after(stop);
  const found = [];
  for await (const line of createInterface({ input: child.stdout })) {
    patterns.forEach((pattern, n) => (found[n] ??= line.match(pattern)?.[1]));
    if (patterns.every((_, n) => found[n])) {
      child.stdout.resume();
      return { found, stop };
    }
  }
  throw new Error(`${program} ended before it listened`);
}
