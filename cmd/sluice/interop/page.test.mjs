// The try page in a real browser: two tabs talk.
import { test } from "node:test";
import assert from "node:assert/strict";
import { missing, startBrowser } from "./chromium.mjs";
import { startGateway } from "./gateway.mjs";

test("two tabs of the try page talk on the hub chat", { timeout: 60_000, skip: missing }, async (t) => {
  const { address } = await startGateway(t);
  const browser = await startBrowser(t);
  const context = await browser.newContext();
  const faults = [];
  const tabs = [];
  for (const name of ["first", "second"]) {
    const page = await context.newPage();
    page.on("pageerror", (fault) => faults.push(`${name}: ${fault}`));
    page.on("console", (message) => message.type() === "error" && faults.push(`${name}: ${message.text()}`));
    await page.goto(`http://${address}/`);
    await page.getByLabel("Path").selectOption("/client/hubs/chat");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.locator('#state[data-state="open"]').waitFor();
    tabs.push(page);
  }
  const [first, second] = tabs;
  await first.getByLabel("Message", { exact: true }).fill("hello from the first tab");
  await first.keyboard.press("Enter");
  await second.getByRole("log").getByText("hello from the first tab").waitFor();
  await second.getByLabel("Message", { exact: true }).fill("and back");
  await second.keyboard.press("Enter");
  await first.getByRole("log").getByText("and back").waitFor();

  // What is kept for the eye must not fill the memory.
  await first.getByLabel("Message", { exact: true }).fill("long ".repeat(20_000));
  await first.keyboard.press("Enter");
  await second.getByRole("log").getByText("… 100000 characters").waitFor();
  const kept = await second.getByRole("log").textContent();
  assert.ok(kept.length < 5000, `${kept.length} characters of the messages are kept`);
  if (process.env.SCREENSHOT) {
    await first.screenshot({ path: process.env.SCREENSHOT });
  }
  await first.getByRole("button", { name: "Disconnect" }).click();
  await first.locator('#state[data-state="closed"]').waitFor();
  assert.deepEqual(faults, []);
});
