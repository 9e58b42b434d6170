/** A worker of the tests: runs what it is sent. */
import "./suite.ts";

interface Task {
  readonly source: string;
  readonly argument: unknown;
}

const scope = globalThis as unknown as {
  onmessage: ((event: { readonly data: Task }) => void) | null;
  postMessage(message: unknown): void;
};

scope.onmessage = async ({ data: { source, argument } }) => {
  try {
    // biome-ignore lint/security/noGlobalEval: functions of the tests, which a message cannot carry
    const work = globalThis.eval(`(${source})`) as (argument: unknown) => unknown;
    scope.postMessage({ result: await work(argument) });
  } catch (error) {
    const { name, message, code, stack } = error as Error & { readonly code?: unknown };
    scope.postMessage({ error: { name, message, code, stack } });
  }
};
scope.postMessage("ready");
