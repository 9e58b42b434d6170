/** What bash, zsh and fish offer for a line that is being typed, once they have read the completion script. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { npy } from "./command.ts";
import { temporaryDirectory } from "./temporary.ts";

export type Shell = "bash" | "zsh" | "fish";

/** `REQUIRE_SHELLS=1` (CI) makes the absence of a shell an error. */
export function hasShell(shell: Shell): boolean {
  const isThere = spawnSync(shell, ["-c", ":"]).status === 0;
  if (!isThere && process.env["REQUIRE_SHELLS"] === "1") throw new Error(`REQUIRE_SHELLS=1, but there is no ${shell}`);
  return isThere;
}

/** A word that a shell offers. bash shows no descriptions. */
export interface Offer {
  readonly word: string;
  readonly description: string;
}

/** What a shell offers after each `npy-append-array LINE`, in a directory. */
export function offered(shell: Shell, lines: readonly string[], cwd: string): Offer[][] {
  const script = join(temporaryDirectory(), "completion");
  writeFileSync(script, npy(["completion", shell]).stdout);
  const typed = lines.map((line) => `npy-append-array ${line}`);
  const { stdout, stderr } = spawnSync(shell, [...ARGUMENTS[shell], script, ...typed], {
    cwd,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (stderr !== "") throw new Error(stderr);
  // What zsh echoes comes before the mark of the beginning.
  const answers = stdout.split(">>>").slice(0, -1);
  return answers.map((answer) =>
    answer
      .replace(/^.*<<</s, "")
      .split(/\r?\n/)
      .filter((offer) => offer !== "")
      .map((offer) => {
        const [word = "", description = ""] = offer.split("\t");
        return { word: word.trim(), description };
      })
      .sort((a, b) => (a.word < b.word ? -1 : 1)),
  );
}

const BASH = `
source "$1"; shift
for line; do
  # As Readline splits it.
  COMP_WORDS=(\${line//=/ = }) COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _npy_append_array
  printf '<<<'; printf '%s\\n' "\${COMPREPLY[@]}"; printf '>>>'
done
`;

const FISH = `
source $argv[1]
for line in $argv[2..-1]
  printf '<<<'; complete -C "$line"; printf '>>>'
end
`;

/** Types the lines into an interactive zsh, whose compadd prints what it is given instead of adding it. */
const ZSH = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1= PROMPT2= RPS1="
zpty -w z "autoload -Uz compinit && compinit -u -D"
zpty -w z "source $1"
zpty -w z "bindkey '^I' complete-word; bindkey '^U' kill-whole-line; zle -C complete-word complete-word completer"
zpty -w z 'completer() { print -n -- "<""<<"; compstate[insert]=; compstate[list]=; _main_complete; print -- ">"">>" }'
zpty -w z 'compadd() {
  if [[ "\${*}" == *-[OAD]\\ * ]]; then builtin compadd "$@"; return; fi
  typeset -a hits texts
  local i at=\${@[(i)-d]}
  (( at < $# )) && texts=( "\${(@P)\${@[at+1]}}" )
  builtin compadd -A hits "$@"
  builtin compadd "$@"
  for i in {1..$#hits}; do
    [[ -n $hits[i] ]] && print -- "\${hits[i]}"$'"'"'\\t'"'"'"\${texts[i]}"
  done
}'
local out
for line in "\${@[2,-1]}"; do
  zpty -w -n z $'\\C-u'"$line"$'\\t'
  zpty -r z out '*>>>*'
  print -r -- "$out"
done
zpty -d z
`;

/** The arguments of a shell, which the script and the lines follow. */
const ARGUMENTS: Readonly<Record<Shell, readonly string[]>> = {
  bash: ["--norc", "-c", BASH, "bash"],
  fish: ["--no-config", "-c", FISH],
  zsh: ["-f", "-c", ZSH, "zsh"],
};
