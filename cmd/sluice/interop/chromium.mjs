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

// newPage returns an empty page that collects what the browser complains about, and
// what is asked of others than the server of that URL.
export async function newPage(browser, url, options) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (fault) => faults.push(String(fault)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("request", (request) => request.url().startsWith(url) || request.url().startsWith("data:") || faults.push("asked " + request.url()));
  return { page, faults };
}

// noSideways says that a page need not be scrolled to the side.
export const noSideways = (page) => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
