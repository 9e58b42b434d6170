// Starts the Chromium that is installed on this machine.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The path of Chromium: that of the variable CHROMIUM, or the first one in PATH; `undefined` if there is none. */
export function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts Chromium without a window, and with a profile of its own; `close()` it. As it has no sandbox, show it only pages of your own.
 *
 * @param {readonly string[]} [args] arguments of its command line
 * @returns {Promise<import("playwright-core").Browser>}
 */
export async function launchChromium(args = []) {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error("Chromium is not installed: apt-get install chromium, or set CHROMIUM to its path");
  return await chromium.launch({ executablePath, chromiumSandbox: false, args: [...args] });
}

/**
 * Opens `url`, and runs `work` with the page. Fails if the page logs a warning or an error, or throws one that nobody catches, unless its text
 * matches `expected`.
 *
 * @template Result
 * @param {URL} url
 * @param {(page: import("playwright-core").Page) => Promise<Result>} work
 * @param {RegExp} [expected]
 * @returns {Promise<Result>}
 */
export async function withPage(url, work, expected) {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const complaints = [];
    const complain = (text) => expected?.test(text) || complaints.push(text);
    page.on("pageerror", (error) => complain(String(error)));
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complain(message.text()));
    await page.goto(url.href);
    const result = await work(page);
    if (complaints.length > 0) throw new Error(`The page reported:\n${complaints.join("\n")}`);
    return result;
  } finally {
    await browser.close();
  }
}
