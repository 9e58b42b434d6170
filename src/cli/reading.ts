/** Opening a file for a command that reads it. */
import { NpyReader } from "../node.ts";
import { about } from "./failure.ts";
import { Interrupted } from "./interruption.ts";

/** Opens `file`, and says of what goes wrong that it was about it. */
export async function readingRows(file: string, read: (reader: NpyReader) => Promise<void>): Promise<void> {
  try {
    const reader = await NpyReader.open(file);
    await read(reader).finally(() => reader.close());
  } catch (error) {
    throw error instanceof Interrupted ? error : about(file, error);
  }
}
