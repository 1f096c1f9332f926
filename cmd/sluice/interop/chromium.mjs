// A headless browser for one test.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

// missing says why there is no browser, or is false.
export const missing = !process.env.CI && !existsSync(executablePath) && `no browser at ${executablePath}; set CHROMIUM`;

export async function startBrowser(t) {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  t.after(() => browser.close());
  return browser;
}
