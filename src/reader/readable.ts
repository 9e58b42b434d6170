/** Chunks as a stream. */

/** The stream of {@link NpyReader.readable}. It reads no chunk ahead. `end` is called when no more are read, and ends the read of one. */
export function readableOf<Chunk>(chunks: AsyncIterable<Chunk>, end: () => void): ReadableStream<Chunk> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done !== true) return controller.enqueue(next.value);
        end();
        controller.close();
      },
      async cancel() {
        end();
        await iterator.return?.();
      },
    },
    new CountQueuingStrategy({ highWaterMark: 0 }),
  );
}
