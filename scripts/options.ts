/** The options of our own commands: `--help` and mistakes, in each alike. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What a file says of itself at its beginning, which is how its command is used. */
export function headOf(url: string): string {
  const [, head = ''] = /^\/\*\*(.*?)\*\//s.exec(readFileSync(fileURLToPath(url), 'utf8')) ?? [];
  return head.replace(/^ \* ?/gm, '').trim();
}

/** Says what is wrong and how the command of `url` is used, and ends with 2. */
export function misused(url: string, message: string): never {
  console.error(`${message}\n\n${headOf(url)}`);
  process.exit(2);
}

/**
 * What the command line (or `args` of the configuration) says to the file `url`. `--help` prints the file's head and ends. `numbers`: options
 * whose value is a number, and the least that each may be.
 */
export function optionsOf<T extends ParseArgsConfig>(
  url: string,
  config: T,
  numbers: Readonly<Record<string, number>> = {},
) {
  // Said to `parseArgs`, too: in Deno it asks for what the process was started with, whatever `process.argv` has become.
  const { args = process.argv.slice(2) } = config;
  if (args.includes('--help')) {
    console.log(headOf(url));
    process.exit(0);
  }
  let parsed: ReturnType<typeof parseArgs<T>>;
  try {
    parsed = parseArgs<T>({ ...config, args });
  } catch (error) {
    misused(url, (error as Error).message);
  }
  for (const [name, least] of Object.entries(numbers)) {
    const text = (parsed.values as Record<string, unknown>)[name];
    if (text === undefined || (text !== '' && Number(text) >= least)) continue;
    misused(url, `--${name} ${text}: must be a number, ${least} or above`);
  }
  return parsed;
}
