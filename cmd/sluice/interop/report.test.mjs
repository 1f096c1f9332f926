// The page of wsbench report in a real browser: plots are drawn, values are
// told, and nothing is fetched. That the machine is too busy for the load tool to keep
// its schedule is no fault of the page.
import { test } from "node:test";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { missing, startBrowser } from "./chromium.mjs";
import { startGateway } from "./gateway.mjs";

const wsbench = new URL("../../../bin/wsbench", import.meta.url).pathname;

// makeReport returns the path of a page about a run of rate and one of echo, or
// the one that REPORT names.
async function makeReport(t) {
  if (process.env.REPORT) return path.resolve(process.env.REPORT);
  const { address } = await startGateway(t);
  const directory = await mkdtemp(path.join(tmpdir(), "wsbench-"));
  t.after(() => rm(directory, { recursive: true }));
  const run = promisify(execFile);
  const files = [];
  for (const scenario of ["rate", "echo"]) {
    const file = path.join(directory, `${scenario}.ndjson`);
    await run(wsbench, [scenario, `ws://${address}/client/hubs/echo`, "-n", "50", "--warmup", "0s", "--duration", "1s", "--sample-every", "100ms", "--allow-overload", "--out", file, "--quiet"]);
    files.push(file);
  }
  const page = path.join(directory, "report.html");
  await run(wsbench, ["report", ...files, "-o", page]);
  return page;
}

test("the report's plots are drawn and its page fetches nothing", { timeout: 120_000, skip: missing }, async (t) => {
  const file = await makeReport(t);
  const browser = await startBrowser(t);
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const faults = [];
  const requests = [];
  page.on("pageerror", (fault) => faults.push(String(fault)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);

  const distribution = page.locator("#distribution svg");
  const curves = await distribution.locator(".curve").evaluateAll((paths) => paths.map((path) => path.getBBox().width));
  assert.ok(curves.length >= 2, `${curves.length} curves in the distribution`);
  for (const width of curves) assert.ok(width > 100, `a curve of the distribution is ${width} pixels wide`);
  assert.ok((await page.locator("figure").count()) >= 4, "figures over time");

  await distribution.hover();
  assert.match(await page.locator("#distribution .readout").innerText(), /%:.* A .*B /);
  await page.locator("#rate svg").focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await page.locator("#rate .readout").innerText(), /s:\s+A [\d,]+/);
  await page.locator("#distribution summary").click();
  assert.match(await page.locator("#distribution details").innerText(), /99\.9 %/);
  await page.locator("#distribution summary").click();

  await page.setViewportSize({ width: 360, height: 740 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0, "the page scrolls sideways on a phone");
  if (process.env.SCREENSHOT_NARROW) await page.screenshot({ path: process.env.SCREENSHOT_NARROW });
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.mouse.move(0, 0);
  if (process.env.SCREENSHOT_DARK) {
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: process.env.SCREENSHOT_DARK, fullPage: true });
    await page.emulateMedia({ colorScheme: "light" });
  }
  // The environment below names this machine.
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true, clip: { x: 0, y: 0, width: 1280, height: 2480 } });

  assert.deepEqual(requests, [pathToFileURL(file).href]);
  assert.deepEqual(faults, []);
});
