// Embeddings for Python: appends vectors of any precision to a float16 file, batch by batch, and reads them back in batches.
import { NpyAppendArray, NpyReader } from "npy-append-array";

const SIZE = 384;
const embed = (text) => Float32Array.from({ length: SIZE }, (_, i) => Math.cos(i * text.length));

// The default casting, NumPy's "same_kind", allows float32 into float16; "safe" would refuse it.
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
