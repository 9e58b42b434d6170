// Without a file system: builds a .npy file in memory, as a browser would before sending it.
import { load, MemoryStorage, NpyAppendArray } from "npy-append-array";

const storage = new MemoryStorage();
const npaa = NpyAppendArray.openSync(storage, { dtype: "uint8", rowShape: [28, 28] });
for (let digit = 0; digit < 3; digit++) npaa.append(new Uint8Array(28 * 28).fill(digit));
npaa.close();

console.log(`${storage.bytes().length} bytes to send`);
console.log((await load(storage)).shape);
