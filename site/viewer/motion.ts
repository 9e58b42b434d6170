/** Which cell a key leads to. */

interface Cell {
  readonly row: number;
  readonly column: number;
}

type Key = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">;

/** `"all"` selects everything; `undefined` for other keys. `page`: the rows of a page. */
export function motionOf(
  { key, ctrlKey, metaKey, altKey }: Key,
  { row, column }: Cell,
  size: { readonly rows: number; readonly columns: number },
  page: number,
): Cell | "all" | undefined {
  if (altKey) return undefined;
  const isFar = ctrlKey || metaKey;
  const [lastRow, lastColumn] = [size.rows - 1, size.columns - 1];
  const at = (toRow: number, toColumn: number): Cell => ({
    row: Math.max(0, Math.min(lastRow, toRow)),
    column: Math.max(0, Math.min(lastColumn, toColumn)),
  });
  switch (key) {
    case "ArrowDown":
      return at(isFar ? lastRow : row + 1, column);
    case "ArrowUp":
      return at(isFar ? 0 : row - 1, column);
    case "ArrowRight":
      return at(row, isFar ? lastColumn : column + 1);
    case "ArrowLeft":
      return at(row, isFar ? 0 : column - 1);
    case "PageDown":
      return at(row + page, column);
    case "PageUp":
      return at(row - page, column);
    case "Home":
      return at(0, isFar ? 0 : column);
    case "End":
      return at(lastRow, isFar ? lastColumn : column);
    case "a":
      return isFar ? "all" : undefined;
    default:
      return undefined;
  }
}
