/** Where files go that leave the page. */
import { el } from "./dom.ts";

interface Pickers {
  showSaveFilePicker?(options: object): Promise<FileSystemFileHandle>;
}

/** Whether the browser can ask where a file is to be written. */
export function canAskWhere(): boolean {
  return (window as Pickers).showSaveFilePicker !== undefined;
}

/** Asks where to write a file; `undefined` if the user cancels. */
export async function askWhere(suggestedName: string): Promise<FileSystemFileHandle | undefined> {
  try {
    return await (window as Pickers).showSaveFilePicker?.({ suggestedName });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    throw error;
  }
}

/** Saves a file as the browser's settings say. */
export function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  el("a", { href: url, download: name }).click();
  // The download has begun once this turn is over; the URL must live until then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
