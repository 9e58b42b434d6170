/** Whether dtypes differ in nothing but their byte order and where their fields lie: `numpy.can_cast` with "equiv". */
import type { DType } from "./descr.ts";
import { isSameStep } from "./units.ts";

/** `numpy.can_cast(from, to, "equiv")`. As in NumPy, the targets `S0`, `U0` and `V0` have any length. */
export function isEquivalent(from: DType, to: DType): boolean {
  const isUnsized = to.itemsize === 0 && to.fields === undefined && to.subdtype === undefined;
  if (isUnsized) return from.kind === to.kind && from.subdtype === undefined;
  return isSame(from, to);
}

function isSame(from: DType, to: DType): boolean {
  if (from.fields !== undefined || to.fields !== undefined) return haveSameFields(from, to);
  if (from.subdtype !== undefined || to.subdtype !== undefined) {
    const isSameShape = from.subdtype?.shape.join() === to.subdtype?.shape.join();
    return isSameShape && isSame(from.subdtype?.dtype ?? from, to.subdtype?.dtype ?? to);
  }
  if (from.kind !== to.kind || from.itemsize !== to.itemsize) return false;
  return from.datetime === undefined || to.datetime === undefined || isSameStep(from.datetime, to.datetime);
}

function haveSameFields({ fields: sources }: DType, { fields: targets }: DType): boolean {
  if (sources?.length !== targets?.length) return false;
  return (sources ?? []).every(({ name, title, dtype }, i) => {
    const target = targets?.[i];
    return target !== undefined && name === target.name && title === target.title && isSame(dtype, target.dtype);
  });
}
