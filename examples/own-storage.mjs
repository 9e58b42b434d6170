// A storage of one's own, without a synchronous half: a file in an asynchronous key-value store, such as IndexedDB. Each write stores the whole
// file, which is enough for small ones.
import { load, NpyAppendArray } from "npy-append-array";

class StoredFile {
  constructor(store, key) {
    Object.assign(this, { store, key });
  }
  bytes = async () => (await this.store.get(this.key)) ?? new Uint8Array(0);
  size = async () => (await this.bytes()).length;
  async read(buffer, position) {
    const part = (await this.bytes()).subarray(position, position + buffer.length);
    buffer.set(part);
    return part.length;
  }
  async write(bytes, position) {
    await this.truncate(Math.max(await this.size(), position + bytes.length), [bytes, position]);
  }
  async truncate(size, change = [[], 0]) {
    const all = new Uint8Array(size);
    all.set((await this.bytes()).subarray(0, size));
    all.set(...change);
    await this.store.set(this.key, all);
  }
  async sync() {}
  async close() {}
}

class StoredArray {
  constructor(store, name) {
    Object.assign(this, { store, path: name, key: name });
  }
  async open() {
    const key = await this.store.get(this.path);
    if (key === undefined) throw Object.assign(new Error(`${this.path} is not there`), { code: "ENOENT" });
    return new StoredFile(this.store, key);
  }
  async create() {
    if ((await this.store.get(this.path)) !== undefined)
      throw Object.assign(new Error(`${this.path} is there`), { code: "EEXIST" });
    const file = await this.createTemporary();
    await this.replace(file);
    return file;
  }
  createTemporary = async () => new StoredFile(this.store, crypto.randomUUID());
  // Readers see the old file or the new one.
  replace = (temporary) => this.store.set(this.path, temporary.key);
  remove = async (file) => file.key === (await this.store.get(this.path)) && this.store.delete(this.path);
}

const array = new StoredArray(new Map(), "log.npy");
const npaa = await NpyAppendArray.open(array, { dtype: "float32", rowShape: [3] });
for (let i = 0; i < 100; i++) await npaa.append([[i, i / 2, 0]]);
await npaa.close();
console.log((await load(array)).shape);
