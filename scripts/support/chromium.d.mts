import type { Browser, Page } from "playwright-core";

export function findChromium(): string | undefined;
export function launchChromium(args?: readonly string[]): Promise<Browser>;
export function withPage<Result>(url: URL, work: (page: Page) => Promise<Result>, expected?: RegExp): Promise<Result>;
