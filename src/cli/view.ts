/** `view`: shows a file in the browser. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { about, FileProblem, shown, UsageError } from "./program/failure.ts";
import { interruptible } from "./program/interruption.ts";
import { print, tell } from "./program/terminal.ts";
import { serve } from "./view/server.ts";

interface ViewOptions {
  readonly open: boolean;
  readonly port: number;
}

export function viewCommand(): Command {
  return new Command("view")
    .summary("show a file in the browser: as a table, plots, pictures and statistics")
    .description(
      "Serves the viewer with the file to the browser of this machine, and opens it, until Ctrl-C. The viewer reads only the parts that it shows, " +
        "so a file of any size opens at once, and with Follow it shows rows as they are appended. Only this machine can connect, only with the " +
        "token in the URL, and only to this file.",
    )
    .argument("<file>", "the .npy file, or the .npz archive")
    .option("--no-open", "print the URL, and open no browser")
    .option("--port <n>", "the port to listen at (default: any that is free)", portArgument, 0)
    .action(async (file: string, { open, port }: ViewOptions) => {
      await checkFile(file);
      const viewer = new URL("../viewer/", import.meta.url);
      if (!existsSync(new URL("index.html", viewer)))
        throw new Error("the viewer is missing from this installation: install the package again");
      await interruptible(async (signal) => {
        const serving = await serve(file, basename(file), viewer, port).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "EADDRINUSE" && error.code !== "EACCES") throw error;
          const why = error.code === "EADDRINUSE" ? "another program listens there" : "the system does not allow that";
          throw new UsageError(`--port ${port}: ${why}: choose another port, or leave out the option`);
        });
        try {
          await print(`${shown(file)}: ${serving.url}\nCtrl-C ends it.\n`);
          if (open) openBrowser(serving.url);
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        } finally {
          serving.close();
        }
      });
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array view log.npy
  npy-append-array view --no-open --port 8000 data.npz`,
    );
}

function portArgument(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
}

/** A file that is no array shows its problem in the viewer; one that cannot be read at all, here. */
async function checkFile(file: string): Promise<void> {
  const found = await stat(file).catch((error: unknown) => {
    throw about(file, error);
  });
  if (found.isDirectory()) throw new FileProblem(file, "it is a folder: view takes a file. The viewer's page opens folders");
}

/** The program that opens URLs. Its failure is told, as the URL is there to be opened by hand. */
function openBrowser(url: string): void {
  const [program, args] =
    process.platform === "darwin"
      ? ["open", [url]]
      : process.platform === "win32"
        ? ["cmd", ["/c", "start", "", url.replaceAll("&", "^&")]]
        : ["xdg-open", [url]];
  const child = spawn(program as string, args as string[], { stdio: "ignore", detached: true });
  child.on("error", () => tell("no browser could be opened: open the URL above in one"));
  child.unref();
}
