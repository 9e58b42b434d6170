/** What the tabs and workers of one origin tell each other of files. */

/** A file was changed; somebody wants its lock, or needs its handles closed, which others may have without needing them. */
export interface Message {
  readonly about: "changed" | "lock" | "handle";
  readonly path: string;
}

type Listener = (message: Message) => void;

const listeners = new Set<Listener>();
let channel: InstanceType<typeof BroadcastChannel> | undefined;

/** One channel for this realm: it does not receive what it sends. */
function open(): void {
  if (channel !== undefined || typeof BroadcastChannel === "undefined") return;
  channel = new BroadcastChannel("npy-append-array.opfs");
  channel.onmessage = ({ data }: { readonly data: unknown }) => {
    for (const listener of [...listeners]) listener(data as Message);
  };
}

/** Tells all other realms. */
export function tell(message: Message): void {
  open();
  channel?.postMessage(message);
}

/** Calls back for what other realms tell, until the returned function is called. */
export function hear(listener: Listener): () => void {
  open();
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Milliseconds between two messages of one file that is being written: a message costs as much as a tenth of a row. */
const INTERVAL = 10;

/** Tells that a file is being changed, not for each change but soon after each. */
export class Changes {
  #toldAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `path` is asked for when it is told. */
  happened(path: () => string): void {
    const now = performance.now();
    if (now - this.#toldAt >= INTERVAL) {
      this.#toldAt = now;
      this.#tell(path());
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#tell(path());
      }, INTERVAL);
    }
  }

  #tell(path: string): void {
    const message: Message = { about: "changed", path };
    tell(message);
    for (const listener of [...listeners]) listener(message);
  }
}
