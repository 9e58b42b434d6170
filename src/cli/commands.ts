/** The commands, in the order of the help text. */
import type { Command } from "commander";

/** What the program knows of a command, and where its code is: loading all commands takes longer than most of them run. */
export interface Entry {
  readonly usage: string;
  readonly summary: string;
  /**
   * Why it takes no names in S3, and what to do instead. Those of options by the names of the options: one that has a value takes no such name, and any
   * other no command on such names. Left out for commands that take them wherever a file or folder goes.
   */
  readonly notInS3?: string | Readonly<Record<string, string>>;
  readonly load: () => Promise<(program: Command) => Command>;
}

export function nameOf(usage: string): string {
  return usage.replace(/ .*/, "");
}

const NOT_FOLLOWED = "a store does not tell of new rows: run tail again";

export const COMMANDS: readonly Entry[] = [
  {
    usage: "info [options] <file...>",
    summary: "show dtype, shape, order and state of files",
    notInS3: { watch: "a store does not tell of new rows: run info again" },
    load: async () => (await import("./info.ts")).infoCommand,
  },
  {
    usage: "append [options] <file> <source...>",
    summary: "append .npy, CSV, TSV, NDJSON or raw bytes to a file",
    load: async () => (await import("./append.ts")).appendCommand,
  },
  {
    usage: "concat [options] <out> <in...>",
    summary: "join many .npy files into one",
    load: async () => (await import("./concat.ts")).concatCommand,
  },
  {
    usage: "split [options] <file>",
    summary: "write the arrays of one file into files of their own",
    load: async () => (await import("./split.ts")).splitCommand,
  },
  {
    usage: "pack [options] <in...>",
    summary: "write .npy files into an .npz archive",
    load: async () => (await import("./pack.ts")).packCommand,
  },
  {
    usage: "unpack [options] <file> <dir>",
    summary: "write the arrays of an .npz archive into .npy files",
    load: async () => (await import("./unpack.ts")).unpackCommand,
  },
  {
    usage: "shard [options] <in> <dir>",
    summary: "write an array into many files of equal size",
    load: async () => (await import("./shard.ts")).shardCommand,
  },
  {
    usage: "index [options] <dir>",
    summary: "index shards, so that zarr, dask and xarray read them in place",
    load: async () => (await import("./index-command.ts")).indexCommand,
  },
  {
    usage: "convert [options] <in> <out>",
    summary: "write an array in another dtype, byte order or order of elements",
    load: async () => (await import("./convert.ts")).convertCommand,
  },
  {
    usage: "recover [options] <file...>",
    summary: "repair incomplete files",
    load: async () => (await import("./recover.ts")).recoverCommand,
  },
  {
    usage: "doctor [options] <path...>",
    summary: "say what is wrong with files, and fix it with --fix",
    notInS3: "doctor looks at files of this machine: check objects with verify, mend them with recover, or copy them here",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  {
    usage: "truncate [options] <file> <rows>",
    summary: "keep the first rows of a file",
    notInS3: { copy: "an object is replaced by a copy in any case: leave out --copy" },
    load: async () => (await import("./truncate.ts")).truncateCommand,
  },
  {
    usage: "ensure-appendable [options] <file...>",
    summary: "give files a header with room to grow",
    notInS3: { inplace: "an object is always replaced as a whole: leave out --inplace" },
    load: async () => (await import("./ensure-appendable.ts")).ensureAppendableCommand,
  },
  {
    usage: "head [options] <file>",
    summary: "print the first rows, or some at random",
    load: async () => (await import("./head.ts")).headCommand,
  },
  {
    usage: "tail [options] <file>",
    summary: "print the last rows, and with --follow new ones",
    notInS3: { follow: NOT_FOLLOWED, followName: NOT_FOLLOWED },
    load: async () => (await import("./tail.ts")).tailCommand,
  },
  {
    usage: "slice [options] <file> [index]",
    summary: "print some rows, or any part of an array by NumPy's index",
    load: async () => (await import("./slice.ts")).sliceCommand,
  },
  {
    usage: "take [options] <file> [rows...]",
    summary: "print rows by their numbers, or write them into a new file",
    load: async () => (await import("./take.ts")).takeCommand,
  },
  {
    usage: "stats [options] <file>",
    summary: "min, max, mean, standard deviation, NaNs, zeros and a histogram of each column",
    load: async () => (await import("./stats.ts")).statsCommand,
  },
  {
    usage: "plot [options] <file> [index]",
    summary: "draw columns as lines, a heat map, a histogram or a picture",
    notInS3: { svg: "pictures are written on this machine: name a file here, and upload it" },
    load: async () => (await import("./plot.ts")).plotCommand,
  },
  {
    usage: "view [options] <file>",
    summary: "show a file in the browser: as a table, plots, pictures and statistics",
    notInS3: "view shows files of this machine: copy the object here, or print it with head, stats or plot",
    load: async () => (await import("./view.ts")).viewCommand,
  },
  {
    usage: "verify <file...>",
    summary: "exit with 0 if all files are complete and consistent",
    load: async () => (await import("./verify.ts")).verifyCommand,
  },
  {
    usage: "diff [options] <actual> <desired>",
    summary: "compare two arrays, as numpy.testing.assert_array_equal",
    load: async () => (await import("./diff.ts")).diffCommand,
  },
  {
    usage: "completion <shell>",
    summary: "print a completion script for bash, zsh or fish",
    load: async () => (await import("./completion.ts")).completionCommand,
  },
];
