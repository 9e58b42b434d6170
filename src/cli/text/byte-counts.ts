/** Counts of bytes, as people read them. */
import { counted } from "../program/failure.ts";

/** Bytes with a decimal unit: `3.1 MB`. */
export function bytesText(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** step;
  return `${step === 0 ? Math.round(amount) : amount.toFixed(1)} ${["B", "kB", "MB", "GB", "TB"][step]}`;
}

/** `96 bytes`, `3072000 bytes (3.1 MB)`. */
export function sizeText(bytes: number): string {
  return bytes < 1000 ? counted(bytes, "byte") : `${counted(bytes, "byte")} (${bytesText(bytes)})`;
}
