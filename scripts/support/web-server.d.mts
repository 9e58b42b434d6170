interface ServedFile {
  readonly body: Uint8Array | string;
  readonly hasRanges?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

export function serveFiles(
  files: Readonly<Record<string, ServedFile>>,
  folders?: readonly string[],
): Promise<{ readonly url: URL; readonly requests: string[]; close(): void }>;
