/** What must hold when a version of an object is written. */
import type { ObjectStore, PutOptions } from "./object-store.ts";

export type Condition = Pick<PutOptions, "etag" | "isNew">;

/**
 * The condition that the store checks as it writes. Where it honours none, the object is checked here, right before; and after copies in any case: not
 * all stores compare the ETag of what they copy. Returns `undefined` if it has another ETag.
 */
export async function checkedCondition(
  store: ObjectStore,
  name: string,
  condition: Condition,
  hasCopied: boolean,
): Promise<Condition | undefined> {
  const { etag } = condition;
  if (etag === undefined) return condition;
  const isHonoured = await store.honoursMatch(name);
  if (isHonoured && !hasCopied) return condition;
  if ((await store.head(name))?.etag !== etag) return undefined;
  return isHonoured ? condition : {};
}
