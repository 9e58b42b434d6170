/** The names of recordings. They say what is needed to continue one. */
import type { SourceKind } from "./source.ts";

export interface RecordingName {
  readonly kind: SourceKind;
  /** Rows a second, if they come evenly. */
  readonly rate: number | undefined;
}

/** `microphone-48000-hz-2026-11-29-17-30-05.npy`, in local time. `taken` are the names that exist. */
export function nameOf({ kind, rate }: RecordingName, date: Date, taken: readonly string[]): string {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  const time = parts.map((part) => String(part).padStart(2, "0")).join("-");
  const name = rate === undefined ? `${kind}-${time}` : `${kind}-${rate}-hz-${time}`;
  let unique = name;
  for (let i = 2; taken.includes(`${unique}.npy`); i++) unique = `${name}-${i}`;
  return `${unique}.npy`;
}

/** What a name says; `undefined` for files that something else made. */
export function parsedName(name: string): RecordingName | undefined {
  const [, kind, rate] = /^(synthetic|microphone|pointer)-(?:([\d.]+)-hz-)?\d{4}(?:-\d\d){5}(?:-\d+)?\.npy$/.exec(name) ?? [];
  if (kind === undefined) return undefined;
  return { kind: kind as SourceKind, rate: rate === undefined ? undefined : Number(rate) };
}
