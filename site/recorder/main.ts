/** The recorder: rows of a source go into files of the browser. */
import { byId, el } from "../shared/dom.ts";
import { counted } from "../shared/texts.ts";
import { themeSwitch } from "../shared/theme.ts";
import { Catalog } from "./catalog.ts";
import { Monitor } from "./monitor.ts";
import { nameOf, parsedName } from "./names.ts";
import { problemText } from "./problems.ts";
import { Recording } from "./recording.ts";
import { RecordingList } from "./recording-list.ts";
import { SourceChooser } from "./source-chooser.ts";
import { StoragePanel } from "./storage-panel.ts";

/** Milliseconds between two looks at the storage. */
const LOOK = 2000;

const message = el("p", { class: "problem", role: "alert", hidden: true });
const chooser = new SourceChooser(() => void toggle());
const monitor = new Monitor();
const storage = new StoragePanel();

let catalog: Catalog;
let list: RecordingList;
let recording: Recording | undefined;
let isBusy = true;
let screen: Promise<WakeLockSentinel | undefined> = Promise.resolve(undefined);

function problem(error: unknown): void {
  message.textContent = problemText(error);
  message.hidden = false;
}

async function toggle(): Promise<void> {
  if (isBusy) return;
  message.hidden = true;
  isBusy = true;
  chooser.setState("busy");
  try {
    if (recording === undefined) await begin(undefined);
    else await end();
  } catch (error) {
    problem(error);
  }
  isBusy = false;
  await show();
}

/** Records into a new file, or on into that of a name. */
async function begin(continued: string | undefined): Promise<void> {
  const source = await chooser.open(continued === undefined ? undefined : parsedName(continued));
  const name = continued ?? nameOf(source, new Date(), await catalog.names());
  recording = await Recording.start(catalog, name, source, {
    stored: (batch) => monitor.stored(batch),
    failed: (error) => {
      problem(error);
      void ended("The recording was interrupted");
    },
  });
  monitor.show(recording);
  byId("name").textContent = name;
  byId("announcer").textContent = "Recording";
  document.title = "● npy recorder";
  // A phone whose screen goes dark would stop the page.
  screen = navigator.wakeLock?.request("screen").catch(() => undefined) ?? screen;
}

async function end(): Promise<void> {
  const { rows } = recording as Recording;
  await recording?.stop();
  await ended(`Stopped: ${counted(recording?.rows ?? rows, "row")}`);
}

async function ended(words: string): Promise<void> {
  monitor.stop();
  recording = undefined;
  byId("name").textContent = "";
  byId("announcer").textContent = words;
  document.title = "npy recorder";
  await (await screen)?.release();
  await show();
}

/** Shows what can be done now. */
async function show(): Promise<void> {
  chooser.setState(recording === undefined ? "ready" : "recording");
  await Promise.all([list.update(recording !== undefined), look()]);
}

async function look(): Promise<void> {
  const { source, rowBytes = 0 } = recording ?? {};
  await storage.update(source?.rate === undefined ? undefined : source.rate * rowBytes);
}

async function continueRecording(name: string): Promise<void> {
  isBusy = true;
  message.hidden = true;
  chooser.setState("busy");
  try {
    await begin(name);
  } catch (error) {
    problem(error);
  }
  isBusy = false;
  await show();
  byId("record").focus();
}

async function start(): Promise<void> {
  byId("bar-actions").append(el("a", { class: "button", href: "../viewer/" }, "Viewer"), themeSwitch());
  byId("main").append(message, el("div", { class: "side" }, chooser.element, storage.element), monitor.element);
  monitor.start();
  chooser.setState("busy");
  try {
    catalog = await Catalog.open();
  } catch (error) {
    chooser.setState("unusable");
    return problem(error);
  }
  list = new RecordingList({
    catalog,
    continue: (name) => void continueRecording(name),
    problem,
    changed: () => void look(),
  });
  byId("main").append(list.element);
  isBusy = false;
  await show();
  setInterval(() => document.hidden || void look(), LOOK);
  // Another tab may have recorded meanwhile.
  document.addEventListener("visibilitychange", () => document.hidden || void list.update());
}

start().catch(problem);
