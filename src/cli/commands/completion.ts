/** `tswasm completion`: what shells need to complete command lines, made from the tables of the commands. */
import type { Command, CommandRow } from '../command';
import { UsageError } from '../options';
import { print } from '../output';
import { EXIT } from '../report';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** What a shell is told of a command. */
type Listed = Pick<CommandRow, 'name' | 'summary'> & Pick<Command, 'options'>;

/** `commands` are all of them, this one included. */
export function completionCommand(commands: readonly CommandRow[]): Command {
  return {
    usage: `completion ${SHELLS.join('|')}`,
    options: [],
    notes: `
bash: source <(tswasm completion bash)
zsh:  source <(tswasm completion zsh)
fish: tswasm completion fish | source`,
    async run(options) {
      const [shell, ...others] = options.rest;
      if (!SHELLS.includes(shell as Shell) || others.length > 0) {
        throw new UsageError(`name a shell: ${SHELLS.join(', ')}`);
      }
      const listed = commands.map(async ({ name, summary, load }) => {
        return { name, summary, options: (await load()).options };
      });
      print(SCRIPTS[shell as Shell](await Promise.all(listed)));
      return EXIT.success;
    },
  };
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Listed[]) => string>> = { bash, zsh, fish };

function words(command: Listed): string {
  return [...command.options.map(({ name }) => `--${name}`), '--help'].join(' ');
}

/** Words before the cursor find the command; without one it is `run`. */
function bash(commands: readonly Listed[]): string {
  const names = commands.map(({ name }) => name);
  const cases = commands.map((command) => `    ${command.name}) options='${words(command)}' ;;`);
  return `_tswasm() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command=run options word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${names.join(' ')} " in *" $word "*) command="$word"; break ;; esac
  done
  case "$command" in
${cases.join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W '${names.join(' ')}' -- "$current") $(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _tswasm tswasm
`;
}

function zsh(commands: readonly Listed[]): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
}

function fish(commands: readonly Listed[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const lines = commands.map(
    ({ name, summary }) => `complete -c tswasm -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
  );
  for (const command of commands) {
    const when = quoted(`__fish_seen_subcommand_from ${command.name}`);
    for (const { name, value, help } of command.options) {
      const takes = value === undefined ? '' : ' -r';
      lines.push(`complete -c tswasm -n ${when} -l ${name}${takes} -d ${quoted(help)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
