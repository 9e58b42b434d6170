/**
 * Notices changes of files: by the observer that Chromium has, and by what the tabs and workers of this origin tell each other. Either may miss one, so
 * whoever waits for changes also looks from time to time.
 */
import { hear } from "./channel.ts";
import { directoryAt } from "./paths.ts";
import { type Observer, realm } from "./platform.ts";

/** Milliseconds for which an observer is kept: those who wait for a change stop watching and start again at each. */
const KEPT = 2000;

/** Milliseconds for which nothing is observed after a change. Those who follow a file look as often. */
const REST = 100;

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
class ObservedDirectory {
  readonly callbacks = new Set<(name: string) => void>();
  readonly #directories: readonly string[];
  #observer: Observer | undefined;
  /** Until it stops, because nobody has started it again. */
  #stopping: ReturnType<typeof setTimeout> | undefined;
  #isResting = false;

  constructor(directories: readonly string[]) {
    this.#directories = directories;
  }

  start(): void {
    clearTimeout(this.#stopping);
    if (this.#isResting || this.#observer !== undefined || realm.FileSystemObserver === undefined) return;
    const observer = new realm.FileSystemObserver((records) => {
      // A file that is written to without a pause would report each write, and leave this thread no time.
      this.#disconnect();
      const names = new Set(records.map(({ relativePathComponents }) => relativePathComponents.join("/")));
      this.#isResting = true;
      setTimeout(() => this.#resume(names), REST);
      this.#tell(names);
    });
    this.#observer = observer;
    // What cannot be observed is looked at from time to time.
    directoryAt(this.#directories, false)
      .then((handle) => observer.observe(handle))
      .catch(() => undefined);
  }

  /** Observes again. What changed meanwhile is not known: most likely the same files. */
  #resume(names: ReadonlySet<string>): void {
    this.#isResting = false;
    if (this.callbacks.size === 0) return;
    this.start();
    this.#tell(names);
  }

  #tell(names: ReadonlySet<string>): void {
    for (const name of names) for (const callback of [...this.callbacks]) callback(name);
  }

  #disconnect(): void {
    this.#observer?.disconnect();
    this.#observer = undefined;
  }

  /** Stops observing, unless somebody starts again soon. */
  stopLater(): void {
    clearTimeout(this.#stopping);
    this.#stopping = setTimeout(() => this.#disconnect(), KEPT);
  }
}

const observed = new Map<string, ObservedDirectory>();

function observe(directories: readonly string[], callback: (name: string) => void): () => void {
  const path = directories.join("/");
  const directory = observed.get(path) ?? new ObservedDirectory(directories);
  observed.set(path, directory);
  directory.callbacks.add(callback);
  directory.start();
  return () => {
    directory.callbacks.delete(callback);
    if (directory.callbacks.size === 0) directory.stopLater();
  };
}
