// Embeddings for Python: vectors of any precision go into a float16 file, batch by batch, and come back a batch at a time.
import { NpyAppendArray, NpyReader } from "npy-append-array";

const SIZE = 384;
const embed = (text) => Float32Array.from({ length: SIZE }, (_, i) => Math.cos(i * text.length));

// float32 into float16 is allowed by the default casting, NumPy's "same_kind"; "safe" would refuse it.
const npaa = await NpyAppendArray.open("embeddings.npy", { dtype: "float16", rowShape: [SIZE], deleteIfExists: true });
for (const batch of [
  ["a", "list", "of texts"],
  ["and", "another"],
])
  await npaa.append(batch.map(embed));
await npaa.close();

const reader = await NpyReader.open("embeddings.npy", { dtype: "float16" });
for await (const { data, shape } of reader.chunks({ rows: 2 })) {
  console.log(`${shape.join(" × ")} values, widened into a ${data.constructor.name}`);
}
await reader.close();
