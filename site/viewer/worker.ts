/** The worker of the page: reads and computes what plots and statistics show. */
import { errorText } from "../shared/texts.ts";
import { countFetches } from "./counting.ts";
import { heat } from "./heat.ts";
import { histogram } from "./histogram.ts";
import { image } from "./image.ts";
import { lines } from "./lines.ts";
import { distanceOf, nameOf, type OpenedArray, openArray } from "./opening.ts";
import type { Scanning } from "./scan.ts";
import { Sheet } from "./sheet.ts";
import { stats } from "./stats.ts";
import type { Reply, Request, Task } from "./task-types.ts";

const running = new Map<number, AbortController>();
let opened: { readonly key: string; readonly array: Promise<OpenedArray> } | undefined;
let unreported = 0;

const reply = (message: Reply, transfer: Transferable[] = []): void => postMessage(message, { transfer });

/** Counted together: a message for each of a thousand small reads would take longer than reading. */
function onRead(bytes: number): void {
  if (unreported === 0) setTimeout(report, 50);
  unreported += bytes;
}

function report(): void {
  if (unreported > 0) reply({ read: unreported });
  unreported = 0;
}

countFetches(onRead);

/** The array of a task. One stays open, for the next task of it. */
async function arrayOf({ spec, rowCount }: Request): Promise<OpenedArray> {
  const { source, member } = spec;
  const place = source.kind === "url" ? source.url : source.kind === "recording" ? source.path : nameOf(source);
  const key = JSON.stringify([source.kind, place, member]);
  if (opened?.key !== key) {
    const before = opened;
    opened = { key, array: openArray(spec, onRead) };
    // An error belongs to the task that awaits it.
    opened.array.catch(() => {
      opened = undefined;
    });
    before?.array.then((array) => array.close()).catch(() => {});
  }
  const array = await opened.array;
  if (array.reader.length < rowCount && member === undefined) await array.reader.refresh();
  return array;
}

async function perform(request: Request, signal: AbortSignal): Promise<object> {
  const { id, task, slicing, spec } = request;
  const { readable } = await arrayOf(request);
  const sheet = new Sheet(readable, slicing);
  const scanning: Scanning = {
    sheet,
    distance: distanceOf(spec.source),
    signal,
    progress: (done, total) => reply({ id, done, total }),
  };
  return await resultOf(task, scanning, readable);
}

function resultOf(task: Task, scanning: Scanning, readable: OpenedArray["readable"]): Promise<object> {
  switch (task.kind) {
    case "lines":
      return lines(scanning, task);
    case "stats":
      return stats(scanning, task);
    case "histogram":
      return histogram(scanning, task);
    case "heat":
      return heat(scanning, task);
    case "image":
      return image(scanning, task, readable);
  }
}

addEventListener("message", ({ data }: MessageEvent<Request | { readonly cancel: number }>) => {
  if ("cancel" in data) return running.get(data.cancel)?.abort();
  const controller = new AbortController();
  running.set(data.id, controller);
  perform(data, controller.signal)
    .then(
      (result) => {
        report();
        if (!controller.signal.aborted) reply({ id: data.id, result });
      },
      (error: unknown) => {
        report();
        if (!controller.signal.aborted) reply({ id: data.id, problem: errorText(error) });
      },
    )
    .finally(() => running.delete(data.id));
});
