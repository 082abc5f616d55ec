/** What a command of the command line is. Each lives in a file of its own in commands/. */
import { type OptionSpec, type Options, parseOptions } from './options';
import { print } from './output';

export interface Command {
  /** What follows `tswasm`. */
  readonly usage: string;
  readonly options: readonly OptionSpec[];
  /** More help below the options. */
  readonly notes?: string;
  /** Whether options may follow the first other word. */
  readonly optionsAnywhere?: boolean;
  /** Gives the exit code. */
  run(options: Options): number | Promise<number>;
}

/** A command by its name (commands.ts). */
export interface CommandRow {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  load(): Promise<Command>;
}

const HELP: OptionSpec = { name: 'help', help: 'print this help' };

export function usageLine(command: Command): string {
  return `usage: tswasm ${command.usage}`;
}

export async function runCommand(
  { summary }: CommandRow,
  command: Command,
  words: readonly string[],
): Promise<number> {
  const options = parseOptions(
    [...command.options, HELP],
    words.map((word) => (word === '-h' ? '--help' : word)),
    command.optionsAnywhere,
  );
  if (options.has('help')) {
    print(helpText(summary, command));
    return 0;
  }
  return command.run(options);
}

function helpText(summary: string, command: Command): string {
  const rows = [...command.options, HELP].map(({ name, short, value, help }) => {
    return [
      `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      help,
    ] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    summary,
    '',
    usageLine(command),
    '',
    'options:',
    ...rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`),
    ...(command.notes === undefined ? [] : ['', command.notes.trim()]),
    '',
  ].join('\n');
}
