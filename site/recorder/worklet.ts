/** Runs in the thread of the browser that handles sound: passes on samples in blocks. */

/** Samples of a block: 43 ms at 48,000 a second. */
const BLOCK = 2048;

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

class Samples extends AudioWorkletProcessor {
  #block = new Float32Array(BLOCK);
  #length = 0;
  #isStopped = false;

  constructor() {
    super();
    this.port.onmessage = () => {
      this.#isStopped = true;
      this.#send();
      this.port.postMessage("stopped");
    };
  }

  /** The browser calls this with the next samples of each input and channel. */
  process([input]: readonly Float32Array[][]): boolean {
    const samples = input?.[0];
    if (this.#isStopped || samples === undefined) return !this.#isStopped;
    if (this.#length + samples.length > BLOCK) this.#send();
    this.#block.set(samples, this.#length);
    this.#length += samples.length;
    return true;
  }

  #send(): void {
    const samples = this.#block.slice(0, this.#length);
    if (samples.length > 0) this.port.postMessage(samples, [samples.buffer]);
    this.#length = 0;
  }
}

registerProcessor("samples", Samples);
