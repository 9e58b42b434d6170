/** What the properties of an object tell. The getters of a plain object are not called: it may be an object of columns, each read once. */

/** Whether an object has no class of its own; it may come from another realm. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The value of a property, without calling a getter of a plain object. An object that has a class is never columns: its getters may be called. */
export function peek(object: object, name: string): unknown {
  if (isPlainObject(object)) return Object.getOwnPropertyDescriptor(object, name)?.value;
  return (object as { readonly [name: string]: unknown })[name];
}

/** Whether an object has a method, without calling a getter. */
export function hasMethod(object: object, name: string): boolean {
  if (!(name in object)) return false;
  for (let owner: object | null = object; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const property = Object.getOwnPropertyDescriptor(owner, name);
    if (property !== undefined) return typeof property.value === "function";
  }
  return false;
}

/** Whether a value is a `Map`, of any realm. */
export function isMap(value: object): value is ReadonlyMap<unknown, unknown> {
  return value instanceof Map || Object.prototype.toString.call(value) === "[object Map]";
}
