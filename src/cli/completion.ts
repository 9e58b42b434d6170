/** `completion`: prints scripts that make shells complete commands, options and file names. */
import { Argument, Command } from "commander";
import { print } from "./terminal.ts";

const NAME = "npy-append-array";

const SHELLS = { bash, zsh, fish } as const;

/** `program` is read when the command runs: by then all commands are added. */
export function completionCommand(program: Command): Command {
  return new Command("completion")
    .summary("print a completion script for bash, zsh or fish")
    .description("Prints a script that makes a shell complete commands, options and file names.")
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

function flagsOf(program: Command, command: Command): string[] {
  return [...command.options, ...program.options].flatMap(({ long }) => (long == null ? [] : [long])).concat("--help");
}

/** The options that take one of a few words. */
function choicesOf(command: Command): { readonly flag: string; readonly words: readonly string[] }[] {
  return command.options.flatMap(({ long, argChoices }) =>
    long == null || argChoices === undefined ? [] : [{ flag: long, words: argChoices }],
  );
}

function bash(program: Command): string {
  const cases = program.commands.map((command) => {
    const choices = choicesOf(command).map(({ flag, words }) => `${flag}) words="${words.join(" ")}" ;;`);
    const [argument] = command.registeredArguments;
    const words = argument?.argChoices === undefined ? "" : ` args="${argument.argChoices.join(" ")}"`;
    return `    ${command.name()}) flags="${flagsOf(program, command).join(" ")}"${words}
      case $previous in ${choices.join(" ")} esac ;;`;
  });
  return `# bash completion of ${NAME}
_npy_append_array() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words= flags= args=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${program.commands.map((command) => command.name()).join(" ")} --help --version" -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  elif [ "\${current#-}" != "$current" ]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [ -n "$args" ]; then
    COMPREPLY=($(compgen -W "$args" -- "$current"))
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
    const options = [...command.options, ...program.options].map((option) => {
      const takes = option.required
        ? `:${option.attributeName()}:${option.argChoices ? `(${option.argChoices.join(" ")})` : "_files"}`
        : "";
      return single(`${option.long}[${option.description.replace(/[[\]:]/g, "\\$&")}]${takes}`);
    });
    const choices = command.registeredArguments[0]?.argChoices;
    const rest = single(choices ? `*:word:(${choices.join(" ")})` : "*:file:_files");
    return `    ${command.name()}) _arguments ${options.join(" ")} ${rest} ;;`;
  });
  return `#compdef ${NAME}
_npy_append_array() {
  local -a commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
compdef _npy_append_array ${NAME}
`;
}

function fish(program: Command): string {
  const none = "__fish_use_subcommand";
  const lines = program.commands.flatMap((command) => {
    const name = command.name();
    const within = `complete -c ${NAME} -n '__fish_seen_subcommand_from ${name}'`;
    const options = [...command.options, ...program.options].map(({ long, short, description, required, argChoices }) => {
      const parts = [`-l ${long?.slice(2)}`, ...(short ? [`-s ${short.slice(1)}`] : []), ...(required ? ["-r"] : [])];
      if (argChoices !== undefined) parts.push(`-f -a '${argChoices.join(" ")}'`);
      return `${within} ${parts.join(" ")} -d ${single(description)}`;
    });
    const choices = command.registeredArguments[0]?.argChoices;
    return [
      `complete -c ${NAME} -n ${none} -f -a ${name} -d ${single(command.summary())}`,
      ...options,
      ...(choices === undefined ? [] : [`${within} -f -a '${choices.join(" ")}'`]),
    ];
  });
  return `# fish completion of ${NAME}\n${lines.join("\n")}\n`;
}

function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
