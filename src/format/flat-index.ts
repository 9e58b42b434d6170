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

/** The place, in elements, of the element with the flat index `flat` (in C order) in an array at strides. */
export function stridedIndex(flat: number, shape: readonly number[], strides: readonly number[]): number {
  let place = 0;
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    place += (rest % size) * (strides[axis] as number);
    rest = Math.floor(rest / size);
  }
  return place;
}
