/** The viewer: opens what the user gives, and shows it. */
import { button, byId, el } from "../shared/dom.ts";
import { errorText } from "../shared/texts.ts";
import { themeSwitch } from "../shared/theme.ts";
import { countFetches } from "./counting.ts";
import { dropped, type GivenFiles } from "./given.ts";
import { landing, type Opening } from "./landing.ts";
import { type ArraySpec, arraysOf, arraysOfFiles, nameOf, type Source } from "./opening.ts";
import { ReadCount } from "./read-count.ts";
import { Workspace } from "./workspace.ts";

const main = byId("main");
const count = new ReadCount();
countFetches((bytes) => count.add(bytes));
const parameters = new URLSearchParams(location.search);
const asked = parameters.get("url");
const recording = parameters.get("recording");
/** Whether the command `view` serves the page, and with it one file: it may read nothing else. */
const isServed = asked?.startsWith("data/") === true;
let workspace: Workspace | undefined;
/** Each attempt to open something ends those before it. */
let attempts = 0;

const opening: Opening = {
  files: (given: GivenFiles) =>
    void open(given.folder ?? given.files[0]?.name ?? "", () =>
      arraysOfFiles(given.folder, given.files, (bytes) => count.add(bytes)),
    ),
  url: (text: string) => void openUrl(text),
  recording: (path: string) => void openSource({ kind: "recording", path }),
  problem: showProblem,
};

async function openUrl(text: string): Promise<void> {
  let url: URL;
  try {
    url = new URL(text, document.baseURI);
  } catch {
    return showProblem(new Error(`Expected a URL such as https://example.org/log.npy: found ${text}.`));
  }
  await openSource({ kind: "url", url: url.href });
}

async function openSource(source: Source): Promise<void> {
  await open(nameOf(source), () => arraysOf(source, (bytes) => count.add(bytes)));
}

async function open(name: string, find: () => Promise<ArraySpec[]>): Promise<void> {
  const attempt = ++attempts;
  count.reset();
  byId("name").textContent = name;
  try {
    const arrays = await find();
    const opened = await Workspace.open(arrays, count);
    if (attempt !== attempts) return opened.close();
    workspace?.close();
    workspace = opened;
    main.replaceChildren(opened.element);
    document.title = `${name} – npy viewer`;
    byId("home").hidden = false;
    opened.start();
  } catch (error) {
    if (attempt === attempts) showProblem(error);
  }
}

function showProblem(error: unknown): void {
  showLanding();
  main.querySelector(".landing-inner")?.prepend(el("p", { class: "problem", role: "alert" }, errorText(error)));
}

function showLanding(): void {
  attempts++;
  workspace?.close();
  workspace = undefined;
  byId("name").textContent = "";
  document.title = "npy viewer";
  byId("home").hidden = true;
  main.replaceChildren(landing(opening, !isServed));
}

function listenToDrops(): void {
  const isFile = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") === true;
  document.addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    document.body.classList.add("is-dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("is-dropping");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("is-dropping");
    if (!isFile(event) || event.dataTransfer === null) return;
    event.preventDefault();
    dropped(event.dataTransfer).then(opening.files, showProblem);
  });
}

byId("bar-actions").append(button("Open another", showLanding, { id: "home", hidden: true }), themeSwitch());
listenToDrops();
showLanding();
if (asked !== null) void openUrl(asked);
else if (recording !== null) opening.recording(recording);
