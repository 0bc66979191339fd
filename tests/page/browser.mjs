// A browser on the page, which writes down what a page must never do: complain, or ask elsewhere.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A browser, with a folder of its own. */
export async function launch() {
  if (!CHROMIUM) throw new Error("no Chromium: install Debian's package chromium, or name one as CHROMIUM");
  return chromium.launch({ executablePath: CHROMIUM, args: QUIET });
}

/** A page at an address, and what it did wrong. `allowed` are complaints that are meant to be. */
export async function open(browser, base, hash, { scheme = "light", token = process.env.PAGE_TOKEN, width = 1360, height = 820, allowed = null } = {}) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height }, extraHTTPHeaders: token ? { authorization: `Bearer ${token}` } : {} });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !allowed?.test(message.text())) wrong.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`error: ${error.stack}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${base}/`) && !request.url().startsWith("about:")) wrong.push(`a foreign request: ${request.url()}`);
  });
  await page.goto(`${base}/${hash}`);
  return { page, wrong, close: () => context.close() };
}
