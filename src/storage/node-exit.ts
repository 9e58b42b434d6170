/** What is still to be done when this process, or this worker, ends by itself. */

const actions = new Set<() => void>();

/** Calls back once, unless the returned function was called before. */
export function onExit(action: () => void): () => void {
  if (actions.size === 0) process.on("exit", perform);
  actions.add(action);
  return () => {
    actions.delete(action);
    if (actions.size === 0) process.off("exit", perform);
  };
}

function perform(): void {
  for (const action of actions) action();
}
