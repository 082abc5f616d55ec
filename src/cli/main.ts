/** The command `tswasm`: finds the command, runs it, ends with its exit code. */
import '../../embed/node/fresh-factories';
import '../../embed/node/native-memory';

export { bytecode } from './bytecode';

import { runCommand, usageLine } from './command';
import { COMMANDS, RUN } from './commands';
import { InputError } from './load';
import { closest, UsageError } from './options';
import { complain, print } from './output';
import { EXIT, reportFailure } from './report';
import { version } from './version';

// V8 lists ten frames of an error: of a trap in native code nobody would know the others.
Error.stackTraceLimit = 128;

const USAGE = 'usage: tswasm [run] [options] module.wasm [arguments...]   (tswasm --help lists all commands)';

function generalHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    'tswasm runs WebAssembly programs and can pause, save and resume them.',
    '',
    'usage: tswasm <command> [options] ...',
    '       tswasm [options] module.wasm [arguments...]    short for `tswasm run`',
    '',
    'commands:',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'tswasm <command> --help tells more; tswasm --version prints the version.',
    '',
  ].join('\n');
}

/** `tswasm help [command]`, `--help` and `--version` come before all commands. */
function information(words: readonly string[]): number | undefined {
  const [first, second] = words;
  if (first === '--version' || first === '-V') {
    print(`tswasm ${version()}\n`);
    return EXIT.success;
  }
  if (first !== '--help' && first !== '-h' && first !== 'help') return undefined;
  if (second !== undefined) return undefined;
  print(generalHelp());
  return EXIT.success;
}

async function main(words: readonly string[]): Promise<number> {
  const told = information(words);
  if (told !== undefined) return told;
  if (words.length === 0) {
    complain(`no module is given\n${USAGE}`);
    return EXIT.usage;
  }
  if (words[0] === 'help' && words.length > 2) {
    complain(`help is given for one command at a time\n${USAGE}`);
    return EXIT.usage;
  }
  const [first, ...others] = words[0] === 'help' ? [words[1], '--help'] : words;
  const named = COMMANDS.find(({ name }) => name === first);
  const row = named ?? RUN;
  const command = await row.load();
  try {
    return await runCommand(row, command, named ? others : words);
  } catch (error) {
    if (error instanceof UsageError) {
      complain(`${error.message}\n${usageLine(command)}`);
      return EXIT.usage;
    }
    if (error instanceof InputError && named === undefined && error.message.startsWith(`${first}:`))
      error.message += commandHint(first);
    return reportFailure(undefined, error);
  }
}

/** Said of a module that cannot be read when its name is nearly that of a command. */
function commandHint(word: string): string {
  const names = COMMANDS.map(({ name }) => name);
  const similar = closest(word, names);
  if (similar !== undefined) return ` (did you mean the command '${similar}'?)`;
  return /^[a-z-]+$/i.test(word) ? ', and no command of that name (tswasm --help lists them)' : '';
}

main(process.argv.slice(2)).then(
  // Open streams (a terminal that nobody reads any more) must not keep a finished command alive.
  (code) => process.exit(code),
  (error: unknown) => {
    complain(`internal error, please report it: ${error instanceof Error ? error.stack : String(error)}`);
    process.exit(EXIT.failure);
  },
);
