/** What an action throws; `undefined` if nothing. */
export function caught(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
