// Ids, vectors and texts that grow in step: each append is in all three files or in none.
import { NpyAppendGroup, NpyGroupReader } from "npy-append-array";

const group = await NpyAppendGroup.open("documents", {
  arrays: { id: { dtype: "int64" }, vec: { dtype: "float32", rowShape: [3] }, text: { dtype: "utf8" } },
});
await group.append([
  { id: 1, vec: [0.1, 0.2, 0.3], text: "a first document" },
  { id: 2, vec: [0.4, 0.5, 0.6], text: "" },
]);
await group.append({ id: [3], vec: new Float32Array([0.7, 0.8, 0.9]), text: ["a third one"] });
await group.close();

const reader = await NpyGroupReader.open("documents");
const { id, text } = await reader.take([-1, 0]);
for (const [i, words] of [...text].entries()) console.log(`${id.data[i]}: ${words}`);
await reader.close();
