/** The built program in a pseudo-terminal, which Python opens; skipped where there is no Python with `pty`. */
import { spawnSync } from "node:child_process";
import { MAIN } from "./command.ts";
import { pythonCommand } from "./numpy.ts";

export const hasTerminal: boolean = spawnSync(pythonCommand, ["-c", "import pty"]).status === 0;

/** What a terminal showed, and how its process ended. */
interface Shown {
  readonly output: string;
  /** As a shell has it: 128 and the signal's number for a signal. */
  readonly status: number;
}

/** When to press Ctrl-C: as soon as the file has more than so many bytes. */
interface CtrlC {
  readonly file: string;
  readonly bytes: number;
}

const PYTHON = `
import fcntl, json, os, pty, select, struct, sys, termios
config = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(config["cwd"])
    os.execvpe("sh", ["sh", "-c", config["script"]], {**os.environ, **config["env"]})
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
output, ctrl_c = b"", config["ctrlC"]
while True:
    if select.select([terminal], [], [], 0.02)[0]:
        try:
            found = os.read(terminal, 65536)
        except OSError:
            break
        if not found:
            break
        output += found
    if ctrl_c and os.path.exists(ctrl_c["file"]) and os.path.getsize(ctrl_c["file"]) > ctrl_c["bytes"]:
        os.write(terminal, b"\\x03")
        ctrl_c = None
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps({"output": output.decode(), "status": code if code >= 0 else 128 - code}))
`;

/** Runs a shell script in a terminal of 60 columns; `$npy` in it is this program. */
export function inTerminal(
  script: string,
  { cwd, env = {}, ctrlC }: { readonly cwd: string; readonly env?: Record<string, string>; readonly ctrlC?: CtrlC },
): Shown {
  const config = {
    script,
    cwd,
    env: { TERM: "xterm-256color", COLORTERM: "truecolor", npy: `${process.execPath} ${MAIN}`, ...env },
    ctrlC: ctrlC ?? null,
  };
  const inherited = { ...process.env };
  // Test runners set these, which are not what a user has.
  for (const name of ["NO_COLOR", "FORCE_COLOR", "CI"]) delete inherited[name];
  const { status, stdout, stderr } = spawnSync(pythonCommand, ["-W", "ignore", "-c", PYTHON], {
    input: JSON.stringify(config),
    encoding: "utf8",
    env: inherited,
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Shown;
}
