// A file of a writer that left no room in its header is made appendable, and grown.
import { writeFileSync } from "node:fs";
import { dtype, ensureAppendable, formatHeader, isAppendable, load, NpyAppendArray } from "npy-append-array";

// As an old program would have written it: padded to 80 bytes, without room for more digits.
const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [3], headerLength: 80 });
writeFileSync("old.npy", Buffer.concat([header, Buffer.from(new Float64Array([1, 2, 3]).buffer)]));

console.log(`appendable: ${await isAppendable("old.npy")}`);
await ensureAppendable("old.npy");
console.log(`appendable: ${await isAppendable("old.npy")}`);

const npaa = await NpyAppendArray.open("old.npy");
await npaa.append([4, 5]);
await npaa.close();
console.log(await load("old.npy"));
