/** Writes PNG files. Source: PNG specification, third edition (W3C). */
import { crc32, deflateSync } from "node:zlib";

const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");

/** The color types of a header, and how many bytes a pixel has. */
const TYPES = { gray: [0, 1], rgb: [2, 3], palette: [3, 1], rgba: [6, 4] } as const;

/** Each row says how it is stored: less the pixel to its left. */
const SUB = 1;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly type: keyof typeof TYPES;
  /** 8 bits for each channel, row by row. */
  readonly bytes: Uint8Array | Uint8ClampedArray;
  /** Red, green and blue of each colour of a palette, whose first one is transparent. */
  readonly palette?: Uint8Array;
}

export function encodePng({ width, height, type, bytes, palette }: Pixels): Buffer {
  const [colorType, size] = TYPES[type];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colorType], 8);
  const length = width * size;
  const rows = new Uint8Array((length + 1) * height);
  for (let y = 0; y < height; y++) {
    const [from, to] = [y * length, y * (length + 1)];
    // Differences of colour numbers mean nothing, and compress badly.
    const by = type === "palette" ? length : size;
    rows[to] = type === "palette" ? 0 : SUB;
    for (let i = 0; i < length; i++) {
      rows[to + 1 + i] = (bytes[from + i] as number) - (i < by ? 0 : (bytes[from + i - by] as number));
    }
  }
  const colors = palette === undefined ? [] : [chunk("PLTE", palette), chunk("tRNS", Uint8Array.of(0))];
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    ...colors,
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND"),
  ]);
}

function chunk(name: string, content: Uint8Array = new Uint8Array(0)): Buffer {
  const found = Buffer.alloc(12 + content.length);
  found.writeUInt32BE(content.length, 0);
  found.write(name, 4, "latin1");
  found.set(content, 8);
  found.writeUInt32BE(crc32(found.subarray(4, -4)), found.length - 4);
  return found;
}
