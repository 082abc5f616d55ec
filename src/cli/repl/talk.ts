/** The conversation of a REPL: a line is a call or, with a colon, a command. */
import { createInterface } from 'node:readline';
import { externTypeName } from '../../decoder';
import { CompileError, RuntimeError, SnapshotError } from '../../errors';
import { type Extern, Func, Global, type Value } from '../../index';
import { StateError } from '../../wasi';
import { formatResult } from '../invoke';
import { InputError } from '../load';
import { closest, parseCount, UsageError } from '../options';
import { complain, print } from '../output';
import { writeOutput } from '../output-files';
import { backtraceLines } from '../report';
import { showSourcesOf } from '../sources';
import type { Progress, Session } from './session';

interface Talk {
  readonly session: Session;
  /** Units of fuel that a call may use before it pauses; undefined: it runs to its end. */
  fuel: number | undefined;
  over: boolean;
}

interface Order {
  readonly usage: string;
  readonly help: string;
  run(talk: Talk, words: readonly string[]): void | Promise<void>;
}

const ORDERS: Readonly<Record<string, Order>> = {
  help: { usage: '', help: 'this list', run: () => print(helpText()) },
  exports: { usage: '', help: 'what the module exports', run: ({ session }) => listExports(session) },
  globals: { usage: '', help: 'the globals and their values', run: ({ session }) => listGlobals(session) },
  memory: {
    usage: 'ADDRESS [LENGTH] [MEMORY]',
    help: 'bytes of a memory; numbers may be 0x..',
    run: ({ session }, words) => dump(session, words),
  },
  step: {
    usage: '[N]',
    help: 'go on with the call for N units of fuel (1), to the next safepoint behind them',
    run: async ({ session }, [text = '1']) => tell(session, await session.go(parseCount('step', text))),
  },
  continue: {
    usage: '',
    help: 'go on with the call to its end',
    run: async ({ session }) => tell(session, await session.go(undefined)),
  },
  fuel: {
    usage: '[N]',
    help: 'calls pause after N units of fuel; without N they run to their end',
    run: (talk, [text]) => {
      talk.fuel = text === undefined ? undefined : parseCount('fuel', text);
    },
  },
  where: {
    usage: '',
    help: 'the backtrace of the call that is under way',
    run: async ({ session }) => {
      await showSourcesOf(session.file);
      const lines = backtraceLines(session.backtrace());
      print(lines === '' ? 'no call is under way\n' : `${lines.trimStart()}\n`);
    },
  },
  drop: { usage: '', help: 'give up the call that is under way', run: ({ session }) => session.drop() },
  keep: {
    usage: '[NAME]',
    help: 'keep the state of now, memory and all, under a name',
    run: ({ session }, [name = 'kept']) => print(`${name}: ${session.keep(name)} bytes\n`),
  },
  back: {
    usage: '[NAME]',
    help: 'go back to a state that was kept',
    run: ({ session }, [name = 'kept']) => session.back(name),
  },
  save: {
    usage: 'FILE [MEMORY]',
    help: 'write the bytes of a memory to a file',
    run: ({ session }, [file, index = '0']) => {
      if (file === undefined) throw new UsageError(':save needs a FILE');
      writeOutput(file, session.memory(parseCount('save', index)));
    },
  },
  quit: {
    usage: '',
    help: 'the end',
    run: (talk) => {
      talk.over = true;
    },
  },
};

function helpText(): string {
  const rows = Object.entries(ORDERS).map(([name, { usage, help }]) => [`:${name} ${usage}`.trim(), help]);
  const width = Math.max(...rows.map(([left]) => left.length));
  const calls = ['add(1, 2)', 'call the exported function; `add 1 2` is the same'];
  return [calls, ...rows].map(([left, help]) => `  ${left.padEnd(width)}  ${help}\n`).join('');
}

/** Reads lines until there are none. Ctrl-C stops the call that runs. */
export async function talk(session: Session): Promise<void> {
  const isTerminal = process.stdin.isTTY === true;
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: isTerminal,
    prompt: '> ',
    completer: (line: string) => [completions(session, line), line],
  });
  lines.on('SIGINT', () => session.interrupt());
  const state: Talk = { session, fuel: undefined, over: false };
  if (isTerminal) {
    print(`${session.file}: ${session.exports().length} exports; :help lists what can be typed\n`);
    lines.prompt();
  }
  for await (const line of lines) {
    await answer(state, line.trim());
    if (state.over) break;
    if (isTerminal) lines.prompt();
  }
  lines.close();
}

function completions(session: Session, line: string): string[] {
  const names = [
    ...Object.keys(ORDERS).map((name) => `:${name}`),
    ...session.exports().flatMap(([name, value]) => (value instanceof Func ? [`${name}(`] : [])),
  ];
  return names.filter((name) => name.startsWith(line));
}

/** Whatever is wrong is told, and the talk goes on. */
async function answer(state: Talk, line: string): Promise<void> {
  try {
    if (line === '') return;
    if (line.startsWith(':')) await order(state, line.slice(1).split(/\s+/));
    else tell(state.session, await state.session.call(line, state.fuel));
  } catch (error) {
    if (!isTold(error)) throw error;
    complain((error as Error).message, 'error');
  }
}

function isTold(error: unknown): boolean {
  const types = [UsageError, InputError, SnapshotError, StateError, RuntimeError, CompileError];
  return types.some((type) => error instanceof type);
}

function order(state: Talk, [name, ...words]: readonly string[]): void | Promise<void> {
  // Beginnings will do: `:c` continues.
  const found = Object.keys(ORDERS).find((one) => name !== '' && one.startsWith(name));
  if (found !== undefined) return ORDERS[found].run(state, words);
  const similar = closest(name, Object.keys(ORDERS));
  throw new UsageError(
    `no :${name} (${similar === undefined ? ':help lists what there is' : `did you mean :${similar}?`})`,
  );
}

function tell(session: Session, progress: Progress): void {
  switch (progress.kind) {
    case 'returned':
      print(progress.results.map((value) => `${formatResult(value)}\n`).join(''));
      return;
    case 'exited':
      print(`the program exited with ${progress.code}\n`);
      return;
    case 'trapped':
      complain(`wasm trap: ${progress.error.message}${backtraceLines(progress.error.backtrace)}`, 'error');
      return;
    case 'paused': {
      const { where, fuelUsed } = progress;
      const place = where === undefined ? 'outside' : `${where.name ?? `function ${where.funcidx}`}`;
      const offset = where === undefined ? '' : ` at 0x${where.offset.toString(16)}`;
      print(`paused in ${place}${offset}, ${fuelUsed} units of fuel used\n`);
      if (!session.isPaused) throw new UsageError('no call is under way');
    }
  }
}

function listExports(session: Session): void {
  for (const [name, value] of session.exports()) print(`${name}: ${typeText(value)}\n`);
}

function typeText(value: Extern): string {
  const type = externTypeName(value.externType);
  return value instanceof Global ? `${type} = ${formatResult(value.get())}` : type;
}

function listGlobals({ instance }: Session): void {
  const names = new Map<unknown, string>();
  for (const [name, value] of instance.exports) names.set(value, name);
  instance.globals.forEach((global, index) => {
    const name = names.get(global);
    const value: Value = global.get();
    print(`${index}${name === undefined ? '' : ` ${name}`}: ${formatResult(value)}\n`);
  });
}

const BYTES_A_LINE = 16;

function numberOf(text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new UsageError(`${text} is not a number`);
  return value;
}

function dump(session: Session, [address, length = '64', index = '0']: readonly string[]): void {
  if (address === undefined) throw new UsageError(':memory needs an ADDRESS');
  const bytes = session.memory(numberOf(index));
  const start = numberOf(address);
  if (start >= bytes.length) throw new UsageError(`the memory ends at 0x${bytes.length.toString(16)}`);
  const end = Math.min(bytes.length, start + numberOf(length));
  for (let at = start; at < end; at += BYTES_A_LINE) {
    const line = [...bytes.subarray(at, Math.min(at + BYTES_A_LINE, end))];
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    print(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(BYTES_A_LINE * 3 - 1)}  ${text}\n`);
  }
}
