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
  const { found, stop } = await start(t, ["bin/sluice", "serve", "--listen", "127.0.0.1:0", "--admin=", ...flags], [listening]);
  return { address: found[0], stop };
}

// startWithConsole runs the gateway, or an example, with its admin listener.
export async function startWithConsole(t, program, ...flags) {
  const command = program === "sluice" ? ["bin/sluice", "serve"] : [`bin/${program}`];
  const { found, stop } = await start(t, [...command, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", ...flags], [listening, administered]);
  return { address: found[0], admin: found[1], stop };
}

// startPage runs an example and returns the URL of its page. A gateway that it starts
// listens at ports of the kernel's choice, too.
export async function startPage(t, ...command) {
  const { found, stop } = await start(t, command, [/ at (http:\S+)/], { PORT: "0", SLUICE_LISTEN: "127.0.0.1:0", SLUICE_ADMIN: "" });
  return { url: found[0], stop };
}

// start runs a command in the root of the repository, until it has said what all
// patterns are for.
async function start(t, [program, ...args], patterns, env) {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "ignore"] });
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
