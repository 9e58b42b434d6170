/**
 * Notices changes of files: by the observer that Chromium has, and by what the tabs and workers of this origin tell each other. Either may miss one, so
 * whoever waits for changes also looks from time to time.
 */
import { hear } from "./channel.ts";
import { directoryAt } from "./paths.ts";
import { realm } from "./platform.ts";

/** Milliseconds for which an observer is kept: those who wait for a change stop watching and start again at each. */
const KEPT = 2000;

/** Calls back when the file may have changed, until the returned function is called. */
export function watchPath(directories: readonly string[], name: string, onChange: () => void): () => void {
  const path = [...directories, name].join("/");
  return both(
    hear((message) => {
      if (message.about === "changed" && message.path === path) onChange();
    }),
    observe(directories, (changed) => changed === name && onChange()),
  );
}

/** Calls back with the names of files that may have changed. */
export function watchDirectory(directories: readonly string[], onChange: (name: string) => void): () => void {
  const prefix = directories.map((name) => `${name}/`).join("");
  return both(
    hear(({ about, path }) => {
      const name = path.startsWith(prefix) ? path.slice(prefix.length) : "/";
      if (about === "changed" && !name.includes("/")) onChange(name);
    }),
    observe(directories, onChange),
  );
}

function both(first: () => void, second: () => void): () => void {
  return () => {
    first();
    second();
  };
}

/** A directory that is observed, and who wants to know of its files. */
interface Observed {
  readonly callbacks: Set<(name: string) => void>;
  disconnect(): void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const observed = new Map<string, Observed>();

function observe(directories: readonly string[], callback: (name: string) => void): () => void {
  if (realm.FileSystemObserver === undefined) return () => undefined;
  const path = directories.join("/");
  let directory = observed.get(path);
  if (directory === undefined) {
    directory = startObserving(directories);
    observed.set(path, directory);
  }
  const { callbacks } = directory;
  clearTimeout(directory.timer);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    const current = observed.get(path);
    if (callbacks.size > 0 || current === undefined) return;
    clearTimeout(current.timer);
    current.timer = setTimeout(() => {
      current.disconnect();
      observed.delete(path);
    }, KEPT);
  };
}

function startObserving(directories: readonly string[]): Observed {
  const callbacks = new Set<(name: string) => void>();
  const Observer = realm.FileSystemObserver;
  if (Observer === undefined) return { callbacks, disconnect: () => undefined, timer: undefined };
  const observer = new Observer((records) => {
    // One for each name, however often it changed.
    const names = new Set(records.map(({ relativePathComponents }) => relativePathComponents.join("/")));
    for (const name of names) for (const callback of [...callbacks]) callback(name);
  });
  // What cannot be observed is looked at from time to time.
  directoryAt(directories, false)
    .then((handle) => observer.observe(handle))
    .catch(() => undefined);
  return { callbacks, disconnect: () => observer.disconnect(), timer: undefined };
}
