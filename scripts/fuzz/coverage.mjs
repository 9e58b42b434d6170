// Tells which characters of the built package have run. V8 itself reports that, so nothing needs instrumenting.
import { Session } from "node:inspector";

export class Coverage {
  #session = new Session();
  /** By script: 1 for each character that has run. */
  #seen = new Map();
  /** Characters that have run. */
  size = 0;

  constructor() {
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  #post(method, params) {
    let result;
    this.#session.post(method, params, (error, value) => {
      if (error) throw new Error(error.message);
      result = value;
    });
    return result;
  }

  /** Whether new code has run since the last call; `keep` remembers it. Takes about a millisecond. */
  isNew({ keep }) {
    const { result } = this.#post("Profiler.takePreciseCoverage");
    const scripts = result.filter(({ url }) => url.includes("/dist/"));
    let fresh = 0;
    for (const { url, functions } of scripts) for (const { ranges } of functions) fresh += this.#count(url, ranges, keep);
    if (keep) this.size += fresh;
    return fresh > 0;
  }

  /** Counts the new characters in a function's ranges. The first range is the whole function; a later one overrides the range around it. */
  #count(url, ranges, keep) {
    const [{ startOffset: start, endOffset: end }] = ranges;
    const ran = new Uint8Array(end - start);
    for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
    const seen = this.#seenOf(url, end);
    let fresh = 0;
    for (let i = 0; i < ran.length; i++) {
      if (ran[i] === 0 || seen[start + i] === 1) continue;
      fresh++;
      if (keep) seen[start + i] = 1;
    }
    return fresh;
  }

  #seenOf(url, length) {
    const seen = this.#seen.get(url) ?? new Uint8Array(0);
    if (seen.length >= length) return seen;
    const longer = new Uint8Array(2 * length);
    longer.set(seen);
    this.#seen.set(url, longer);
    return longer;
  }
}
