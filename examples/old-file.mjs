// Makes a file whose header has no room appendable, and grows it.
import { writeFileSync } from "node:fs";
import { dtype, ensureAppendable, formatHeader, isAppendable, load, NpyAppendArray } from "npy-append-array";

// What an old program would have written: a header padded to 80 bytes, with no room for more digits.
const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [3], headerLength: 80 });
writeFileSync("old.npy", Buffer.concat([header, Buffer.from(new Float64Array([1, 2, 3]).buffer)]));

console.log(`appendable: ${await isAppendable("old.npy")}`);
await ensureAppendable("old.npy");
console.log(`appendable: ${await isAppendable("old.npy")}`);

const npaa = await NpyAppendArray.open("old.npy");
await npaa.append([4, 5]);
await npaa.close();
console.log(await load("old.npy"));
