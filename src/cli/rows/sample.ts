/** Numbers at random. */

/**
 * `count` of the numbers below `length` at random, or all if there are fewer, in ascending order. The same `seed` always gives the same ones.
 *
 * Source: Robert Floyd's algorithm, in Bentley's "Programming Pearls: a sample of brilliance" (1987).
 */
export function sample(length: number, count: number, seed: number = Math.floor(Math.random() * 2 ** 32)): Float64Array {
  const random = generator(seed);
  const chosen = new Set<number>();
  for (let last = Math.max(0, length - count); last < length; last++) {
    const number = Math.floor(random() * (last + 1));
    chosen.add(chosen.has(number) ? last : number);
  }
  return Float64Array.from(chosen).sort();
}

/** Numbers from 0 to 1 (not included), of 53 random bits. Source: `splitmix64` by Sebastiano Vigna. */
function generator(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let bits = state;
    bits = BigInt.asUintN(64, (bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n);
    bits = BigInt.asUintN(64, (bits ^ (bits >> 27n)) * 0x94d049bb133111ebn);
    bits ^= bits >> 31n;
    return Number(bits >> 11n) / 2 ** 53;
  };
}
