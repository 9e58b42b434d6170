/** Flat index <-> position in an array. */

/** The position of the element with the flat index `flat`, counted in C order: `numpy.unravel_index`. */
export function unravelIndex(flat: number, shape: readonly number[]): number[] {
  const position = new Array<number>(shape.length);
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    position[axis] = rest % size;
    rest = Math.floor(rest / size);
  }
  return position;
}
