/** What a mouse, a finger or a pen does on a pad. */
import type { Source } from "./source.ts";

/** Milliseconds between batches. */
const INTERVAL = 50;

const EVENTS = ["pointermove", "pointerdown", "pointerup"] as const;

export function pointer(pad: HTMLElement): Source {
  let events: PointerEvent[] = [];
  let timer: ReturnType<typeof setInterval> | undefined;
  let flush = async (): Promise<void> => {};
  const listen = (event: PointerEvent): void => {
    // Between two frames, a mouse or a pen may have moved several times.
    const moves = event.getCoalescedEvents();
    events.push(...(moves.length > 0 ? moves : [event]));
  };
  return {
    kind: "pointer",
    dtype: [
      ["time", "<M8[us]"],
      ["x", "<f4"],
      ["y", "<f4"],
      ["pressure", "<f4"],
      ["buttons", "<u2"],
    ],
    rate: undefined,
    lineNames: ["x", "y"],
    start(_, take) {
      flush = async () => {
        if (events.length === 0) return;
        const [came, { left, top }] = [events, pad.getBoundingClientRect()];
        events = [];
        const x = Float32Array.from(came, (event) => event.clientX - left);
        const y = Float32Array.from(came, (event) => event.clientY - top);
        const input = {
          time: BigInt64Array.from(came, ({ timeStamp }) => BigInt(Math.round((performance.timeOrigin + timeStamp) * 1000))),
          x,
          y,
          pressure: Float32Array.from(came, ({ pressure }) => pressure),
          buttons: Uint16Array.from(came, ({ buttons }) => buttons),
        };
        await take({ rows: came.length, input, lines: [x, y] });
      };
      for (const name of EVENTS) pad.addEventListener(name, listen);
      timer = setInterval(() => void flush(), INTERVAL);
    },
    async stop() {
      for (const name of EVENTS) pad.removeEventListener(name, listen);
      clearInterval(timer);
      await flush();
    },
  };
}
