/** Archives for tests: their bytes, and where their members are. */
import { MemoryStorage, type SaveNpzOptions, saveNpzSync, saveSync } from "../../src/node.ts";
import { CENTRAL_LENGTH, END_LENGTH, LOCAL_LENGTH } from "../../src/npz/zip-format.ts";

type Arrays = Parameters<typeof saveNpzSync>[1];

/** The bytes of an archive. */
export function archiveOf(arrays: Arrays, options: SaveNpzOptions = {}): Uint8Array<ArrayBuffer> {
  const storage = new MemoryStorage();
  saveNpzSync(storage, arrays, options);
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}

/** The bytes of a `.npy` file. */
export function npyOf(
  ...given: Parameters<typeof saveSync> extends [unknown, ...infer Rest] ? Rest : never
): Uint8Array<ArrayBuffer> {
  const storage = new MemoryStorage();
  saveSync(storage, ...given);
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}

/** Where the records of one member are, in an archive without a comment and without Zip64. */
export interface Place {
  readonly name: string;
  /** Of its entry in the directory, and of its local header. */
  readonly central: number;
  readonly local: number;
  readonly data: number;
  readonly length: number;
}

export function placesIn(bytes: Uint8Array): Place[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = bytes.length - END_LENGTH;
  const places: Place[] = [];
  for (let at = view.getUint32(end + 16, true); at < end; ) {
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [number, number, number];
    const local = view.getUint32(at + 42, true);
    places.push({
      name: new TextDecoder().decode(bytes.subarray(at + CENTRAL_LENGTH, at + CENTRAL_LENGTH + name)),
      central: at,
      local,
      data: local + LOCAL_LENGTH + view.getUint16(local + 26, true) + view.getUint16(local + 28, true),
      length: view.getUint32(at + 20, true),
    });
    at += CENTRAL_LENGTH + name + extra + comment;
  }
  return places;
}

/** A copy in which `change` changed something; its arguments are a view of the bytes, and the place of the first member. */
export function changed(
  bytes: Uint8Array,
  change: (view: DataView, place: Place, copy: Uint8Array) => void,
): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice() as Uint8Array<ArrayBuffer>;
  change(new DataView(copy.buffer), placesIn(copy)[0] as Place, copy);
  return copy;
}

/** An archive of one member, whose data are given as they stand in the archive, and whose records may lie. */
export function archiveOfMember(
  data: Uint8Array,
  { size, method, crc = 0 }: { readonly size: number; readonly method: number; readonly crc?: number },
): Uint8Array<ArrayBuffer> {
  const stand = { data: new Uint8Array(data.length), shape: [data.length] };
  const whole = archiveOf({ x: stand });
  const [place] = placesIn(whole) as [Place];
  const bytes = new Uint8Array(place.data + data.length + whole.length - place.central);
  bytes.set(whole.subarray(0, place.data));
  bytes.set(data, place.data);
  bytes.set(whole.subarray(place.central), place.data + data.length);
  const view = new DataView(bytes.buffer);
  const central = place.data + data.length;
  view.setUint16(central + 10, method, true);
  view.setUint32(central + 16, crc, true);
  view.setUint32(central + 20, data.length, true);
  view.setUint32(central + 24, size, true);
  view.setUint32(bytes.length - END_LENGTH + 16, central, true);
  return bytes;
}
