/** The recorder: rows of a source go into files of the browser. */
import { byId, el } from "../shared/dom.ts";
import { counted } from "../shared/texts.ts";
import { themeSwitch } from "../shared/theme.ts";
import { Catalog } from "./catalog.ts";
import { Monitor } from "./monitor.ts";
import { nameOf, parsedName } from "./names.ts";
import { problemText, unusableText } from "./problems.ts";
import { Recording } from "./recording.ts";
import { RecordingList } from "./recording-list.ts";
import { SourceChooser } from "./source-chooser.ts";
import { StoragePanel } from "./storage-panel.ts";

/** Milliseconds between two looks at the storage. */
const LOOK = 2000;

const message = el("p", { class: "problem", role: "alert", hidden: true });
const chooser = new SourceChooser(() => void act(() => (recording === undefined ? begin(undefined) : end())));
const monitor = new Monitor();
const storage = new StoragePanel();

let catalog: Catalog;
let list: RecordingList;
let recording: Recording | undefined;
let isBusy = true;
let screen: Promise<WakeLockSentinel | undefined> = Promise.resolve(undefined);

function problem(error: unknown): void {
  say(problemText(error));
}

function say(words: string): void {
  message.textContent = words;
  message.hidden = false;
}

/** Begins or ends a recording: one thing at a time. */
async function act(work: () => Promise<void>): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  message.hidden = true;
  try {
    await work();
  } catch (error) {
    problem(error);
  }
  isBusy = false;
  await show();
}

/** Records into a new file, or on into that of a name. */
async function begin(continued: string | undefined): Promise<void> {
  const opening = chooser.open(continued === undefined ? undefined : parsedName(continued));
  chooser.setState("busy");
  const source = await opening;
  const name = continued ?? nameOf(source, new Date(), await catalog.names());
  recording = await Recording.start(catalog, name, source, {
    stored: (batch) => monitor.stored(batch),
    failed: (error) => {
      problem(error);
      void ended("The recording was interrupted").then(show);
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
  chooser.setState("busy");
  const ending = recording as Recording;
  await ending.stop();
  // If it failed meanwhile, that has been said.
  if (recording === ending) await ended(`Stopped: ${counted(ending.rows, "row")}`);
}

async function ended(words: string): Promise<void> {
  monitor.stop();
  recording = undefined;
  byId("name").textContent = "";
  byId("announcer").textContent = words;
  document.title = "npy recorder";
  await (await screen)?.release();
}

/** Shows what can be done now. */
async function show(): Promise<void> {
  chooser.setState(recording === undefined ? "ready" : "recording");
  await Promise.all([list.update(recording !== undefined), look()]).catch(problem);
}

async function look(): Promise<void> {
  const { source, rowBytes = 0 } = recording ?? {};
  await storage.update(source?.rate === undefined ? undefined : source.rate * rowBytes);
}

async function start(): Promise<void> {
  byId("bar-actions").append(el("a", { class: "button", href: "../viewer/", target: "_blank" }, "Viewer"), themeSwitch());
  const column = el("div", { class: "column" }, monitor.element, storage.element);
  byId("main").append(message, chooser.element, column);
  chooser.setState("busy");
  try {
    catalog = await Catalog.open();
  } catch (error) {
    chooser.setState("unusable");
    return say(unusableText(error));
  }
  list = new RecordingList({
    catalog,
    // Its button leaves the list.
    continue: (name) => void act(() => begin(name)).then(() => byId("record").focus()),
    problem,
    changed: () => void look(),
  });
  storage.element.before(list.element);
  isBusy = false;
  await show();
  setInterval(() => document.hidden || void look().catch(problem), LOOK);
  // Another tab may have recorded meanwhile.
  document.addEventListener("visibilitychange", () => document.hidden || void list.update().catch(problem));
}

start().catch(problem);
