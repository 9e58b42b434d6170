/** `completion`: prints scripts that make shells complete commands, options, their values, and file names. */
import { Argument, Command, type Option } from "commander";
import { print } from "./program/terminal.ts";

const NAME = "npy-append-array";

const SHELLS = { bash, zsh, fish } as const;

/** `program` is read when the command runs: by then all commands are added. */
export function completionCommand(program: Command): Command {
  return new Command("completion")
    .summary("print a completion script for bash, zsh or fish")
    .description("Prints a script that makes a shell complete commands, options, their values and file names.")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SHELLS)))
    .action(async (shell: keyof typeof SHELLS) => {
      await print(SHELLS[shell](program));
    })
    .addHelpText(
      "after",
      `
Examples:
  source <(npy-append-array completion bash)          # in ~/.bashrc
  source <(npy-append-array completion zsh)           # in ~/.zshrc, after compinit
  npy-append-array completion fish > ~/.config/fish/completions/npy-append-array.fish`,
    );
}

/** An option, as the scripts need it. */
interface Flag {
  /** `-n` and `--rows`. */
  readonly names: readonly string[];
  readonly description: string;
  /** What stands for its value in the help, such as `count`; `undefined` if it has none. */
  readonly value: string | undefined;
  /** The values that it takes, if they are a few words. */
  readonly words: readonly string[] | undefined;
  readonly takesFile: boolean;
}

const HELP: Flag = { names: ["-h", "--help"], description: "print help", value: undefined, words: undefined, takesFile: false };

function flagOf({ short, long, description, flags, argChoices }: Option): Flag {
  const value = /[<[]([^>\]]+)/.exec(flags)?.[1];
  return {
    names: [short, long].filter((name) => name != null),
    description,
    value,
    words: argChoices,
    takesFile: value !== undefined && ["file", "dir", "out", "path"].includes(value),
  };
}

function flagsOf(program: Command, command: Command): Flag[] {
  return [...command.options.map(flagOf), ...globalFlags(program)];
}

/** The options that all commands have. */
function globalFlags(program: Command): Flag[] {
  return [...program.options.filter(({ long }) => long !== "--version").map(flagOf), HELP];
}

/** The words that the command takes for its first argument, if they are a few. */
function wordsOf(command: Command): readonly string[] | undefined {
  return command.registeredArguments[0]?.argChoices;
}

function bash(program: Command): string {
  const cases = program.commands.map((command) => {
    const flags = flagsOf(program, command);
    const values = flags
      .filter(({ value }) => value !== undefined)
      .map(({ names, words, takesFile }) => {
        const kind = words !== undefined ? `words="${words.join(" ")}"` : takesFile ? "kind=file" : "kind=none";
        return `        ${names.join("|")}) ${kind} ;;`;
      });
    const names = flags.flatMap(({ names }) => names.filter((name) => name.startsWith("--")));
    return [
      `    ${command.name()})`,
      `      flags="${names.join(" ")}" arguments="${wordsOf(command)?.join(" ") ?? ""}"`,
      ...(values.length === 0 ? [] : ["      case $previous in", ...values, "      esac"]),
      "      ;;",
    ].join("\n");
  });
  const all = [...program.commands.map((command) => command.name())].join(" ");
  const global = ["--version", ...globalFlags(program).flatMap(({ names }) => names.slice(-1))].join(" ");
  return `# bash completion of ${NAME}
_npy_append_array() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= words= kind=file flags= arguments= i
  COMPREPLY=()
  # --casting=safe comes as three words.
  if [ "$current" = = ]; then
    current=
  elif [ "$previous" = = ]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
    -*) ;;
    *)
      command=\${COMP_WORDS[i]}
      break
      ;;
    esac
  done
  case $command in
    "")
      flags="${global}" arguments="${all}"
      ;;
${cases.join("\n")}
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  elif [ "$kind" = none ]; then
    return
  elif [ "\${current#-}" != "$current" ]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [ -n "$arguments" ]; then
    COMPREPLY=($(compgen -W "$arguments" -- "$current"))
  else
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _npy_append_array ${NAME}
`;
}

function zsh(program: Command): string {
  const commands = program.commands.map((command) => `    ${single(`${command.name()}:${command.summary()}`)}`);
  const cases = program.commands.map((command) => {
    const flags = flagsOf(program, command).map((flag) => `        ${zshFlag(flag)}`);
    const words = wordsOf(command);
    const rest = words === undefined ? "*:file:_files" : `1:${command.registeredArguments[0]?.name()}:(${words.join(" ")})`;
    return [
      `    ${command.name()})`,
      "      _arguments -s \\",
      ...flags.map((flag) => `${flag} \\`),
      `        ${single(rest)}`,
      "      ;;",
    ].join("\n");
  });
  return `#compdef ${NAME}
# zsh completion of ${NAME}
_${NAME}() {
  local -a commands=(
${commands.join("\n")}
  )
  local context state state_descr line
  local -A opt_args
  _arguments -C -s \\
    '--version[print the version]' \\
${globalFlags(program)
  .map((flag) => `    ${zshFlag(flag)} \\`)
  .join("\n")}
    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
${cases.join("\n").replace(/^/gm, "    ")}
      esac
      ;;
  esac
}
if [ "$funcstack[1]" = "_${NAME}" ]; then
  _${NAME} "$@"
else
  compdef _${NAME} ${NAME}
fi
`;
}

/** An option as `_arguments` takes it. Either of two names excludes the other. */
function zshFlag({ names, description, value, words, takesFile }: Flag): string {
  const text = `[${description.replace(/[\\[\]:]/g, "\\$&")}]`;
  const action = words !== undefined ? `(${words.join(" ")})` : takesFile ? "_files" : " ";
  const argument = value === undefined ? "" : `:${value}:${action}`;
  const [first = "", second] = names.map((name) => (value !== undefined && name.startsWith("--") ? `${name}=` : name));
  if (second === undefined) return single(`${first}${text}${argument}`);
  return `${single(`(${names.join(" ")})`)}{${first},${second}}${single(`${text}${argument}`)}`;
}

function fish(program: Command): string {
  const within = (condition: string): string => `complete -c ${NAME} -n '${condition}'`;
  const none = within("__fish_use_subcommand");
  const lines = program.commands.flatMap((command) => {
    const here = within(`__fish_seen_subcommand_from ${command.name()}`);
    const words = wordsOf(command);
    return [
      `${none} -f -a ${command.name()} -d ${single(command.summary())}`,
      ...flagsOf(program, command).map((flag) => `${here} ${fishFlag(flag)}`),
      ...(words === undefined ? [] : [`${here} -f -a '${words.join(" ")}'`]),
    ];
  });
  const global = globalFlags(program).map((flag) => `${none} ${fishFlag(flag)}`);
  return `# fish completion of ${NAME}\n${[...lines, `${none} -l version -d 'print the version'`, ...global].join("\n")}\n`;
}

function fishFlag({ names, description, value, words, takesFile }: Flag): string {
  const parts = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  // -x: with a value that is no file.
  if (value !== undefined) parts.push(takesFile ? "-r -F" : "-x");
  if (words !== undefined) parts.push(`-a '${words.join(" ")}'`);
  return `${parts.join(" ")} -d ${single(description)}`;
}

/** A word as all three shells take it. */
function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
