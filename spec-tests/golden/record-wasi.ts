/** Recording WASI programs (AssemblyScript): their worlds travel as host state; and files of the command line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cli } from '../../embed/node/wasi-tests/cli';
import { EVERYTHING, guest, LISTER, sleepAndTell, writer } from '../../embed/node/wasi-tests/guests';
import { inspect } from '../../src/decoder';
import { Execution, Func, type Instance, instantiatePaused, Module, Store } from '../../src/index';
import { snapshot } from '../../src/snapshot';
import { type Point, textOf } from './fixture';
import { instanceState, type Observation, runOn } from './observe';
import { chooseStops, placeText, runFor } from './record-plain';
import type { Recorded, Record as Write } from './recorded';
import { type RootSpec, World, type WorldSpec } from './world';

/** Opens `f` and `d/g`, removes the first, puts another file in its place, and reads both a few bytes at a time. */
const LOSER = `
export function _start(): void {
  const first = open('f', 0, READ | WRITE), second = open('d/g', 0, READ);
  const name = String.UTF8.encode('f');
  must(path_unlink_file(3, changetype<usize>(name), name.byteLength));
  write(open('f', CREATE, WRITE), String.UTF8.encode('the new one'));
  const piece = new ArrayBuffer(5);
  let text = '';
  for (let i = 0; i < 8; i++) {
    const n = read(first, piece);
    text += String.UTF8.decodeUnsafe(changetype<usize>(piece), n) + '|';
    const m = read(second, piece);
    text += String.UTF8.decodeUnsafe(changetype<usize>(piece), m) + '|';
  }
  write(first, String.UTF8.encode(' and more'));
  print(text + '\\n');
}`;

/** Renames a directory while it is listed, appends to one file through two descriptors, and tells arguments' worth of chance. */
const MOVER = `
export function _start(): void {
  const log = open('log', CREATE, WRITE, 1), twin = open('log', CREATE, WRITE, 1);
  const from = String.UTF8.encode('many'), to = String.UTF8.encode('moved');
  const listed = open('many', DIRECTORY, LIST);
  must(path_rename(3, changetype<usize>(from), from.byteLength, 3, changetype<usize>(to), to.byteLength));
  let turn: u32 = 0;
  listing(listed, 70, (name) => { names += name + ' '; });
  const chance = new ArrayBuffer(4);
  for (let i = 0; i < 6; i++) {
    must(random_get(changetype<usize>(chance), 4));
    write(i & 1 ? log : twin, String.UTF8.encode(i.toString() + ' ' + load<u32>(changetype<usize>(chance)).toString() + '\\n'));
    turn++;
  }
  print(names + time(1).toString() + '\\n');
}
let names: string = '';
`;

const letters = (count: number) => Array.from({ length: count }, (_, i) => `name-${(i * 7) % count}`);
const MANY = Object.fromEntries(letters(24).map((name) => [`many/${name}`, name]));

interface Case {
  readonly name: string;
  readonly about: string;
  readonly source: string;
  readonly world: WorldSpec;
  readonly stops: number;
  /** The roots where it goes on; default: an empty place for files in memory, and the same files as at the stop for those of the host. */
  readonly there?: (roots: readonly RootSpec[]) => readonly RootSpec[];
  /** Stopped where it waits instead. */
  readonly waits?: boolean;
}

const root = (kind: RootSpec['kind'], tree: RootSpec['tree']): RootSpec => ({ path: '/', kind, tree });
const GIVEN = { 'given/a': 'given a', 'given/b': 'given b', 'given/c/': '' };
const INPUT = 'what is typed, '.repeat(12);
const LOSABLE = { f: 'the old file, which is removed while it is open', 'd/g': 'another file that stays' };

const CASES: readonly Case[] = [
  {
    name: 'wasi-everything',
    about: 'deterministic: input half read, clocks, chance, sleep, files in memory, exit code',
    source: EVERYTHING,
    world: {
      args: ['prog', 'an argument'],
      env: { A: '1' },
      stdin: INPUT,
      seed: 5,
      roots: [root('memory', GIVEN)],
    },
    stops: 6,
  },
  {
    name: 'wasi-everything-host',
    about: 'the same on files of the host, by its clocks; digests of open files',
    source: EVERYTHING,
    world: { stdin: INPUT, roots: [root('host', GIVEN)], save: { digests: true } },
    stops: 6,
  },
  {
    name: 'wasi-overlay',
    about: 'the same on an overlay over files of the host, which are given again',
    source: EVERYTHING,
    world: { stdin: INPUT, seed: 0, roots: [root('overlay', GIVEN)] },
    stops: 6,
  },
  {
    name: 'wasi-writer',
    about: 'a file of the host at an offset, output under way',
    source: writer(60),
    world: { roots: [root('host', {})] },
    stops: 4,
  },
  {
    name: 'wasi-writer-copy',
    about: 'an open file of the host whose contents come along, to a host that has none',
    source: writer(60),
    world: { roots: [root('host', {})], save: { contents: 'all' }, policy: { files: ['copy', 'reopen'] } },
    stops: 3,
    there: () => [root('host', {})],
  },
  {
    name: 'wasi-writer-detached',
    about: 'an open file that the new host does not have: the descriptor stays and says IO',
    source: writer(60),
    world: { roots: [root('host', {})], policy: { files: ['detach'] } },
    stops: 2,
    there: () => [root('host', {})],
  },
  {
    name: 'wasi-lister',
    about: 'in the middle of listings, in memory',
    source: LISTER,
    world: { roots: [root('memory', MANY)], seed: 1 },
    stops: 5,
  },
  {
    name: 'wasi-lister-readonly',
    about: 'in the middle of listings of a read-only directory of the host',
    source: LISTER,
    world: { roots: [root('readonly', MANY)] },
    stops: 4,
  },
  {
    name: 'wasi-lister-digest',
    about: 'files in memory that stay behind: the new host has the same, by their digest',
    source: LISTER,
    world: { roots: [root('memory', MANY)], save: { memory: 'digest' } },
    stops: 3,
    there: (roots) => roots,
  },
  {
    name: 'wasi-lost-host',
    about: 'a file of the host that was removed while it was open: its contents come along',
    source: LOSER,
    world: { roots: [root('host', LOSABLE)] },
    stops: 5,
  },
  {
    name: 'wasi-lost-memory',
    about: 'a file in memory that no name leads to any more',
    source: LOSER,
    world: { roots: [root('memory', LOSABLE)] },
    stops: 4,
  },
  {
    name: 'wasi-mover',
    about: 'a directory renamed while it is listed, two descriptors that append, chance with a seed',
    source: MOVER,
    world: { roots: [root('host', MANY)], seed: 99 },
    stops: 5,
  },
  {
    name: 'wasi-sleep',
    about: 'a pending poll_oneoff, with virtual clocks',
    source: sleepAndTell(1_500_000_000),
    world: { roots: [], seed: 3 },
    stops: 3,
    waits: true,
  },
  {
    name: 'wasi-sleep-host',
    about: 'a pending poll_oneoff, by the clocks of the host; sockets that are detached',
    source: sleepAndTell(2_000_000_000),
    world: { roots: [], sockets: 2 },
    stops: 3,
    waits: true,
  },
];

/** Names and source maps only make fixtures long; the hash of a module does not cover them. */
function withoutCustomSections(bytes: Uint8Array): Uint8Array {
  const { sections } = inspect(bytes);
  const ends = [...sections.slice(1).map(({ offset }) => offset), bytes.length];
  const kept = sections.flatMap(({ section, offset }, i) => {
    return section === 'custom' ? [] : [bytes.subarray(offset, ends[i])];
  });
  return Buffer.concat([bytes.subarray(0, 8), ...kept]);
}

interface Started {
  readonly world: World;
  readonly instance: Instance;
  readonly execution: Execution;
}

function startIn(bytes: Uint8Array, spec: WorldSpec): Started {
  const world = new World(spec);
  const module = Module.decode(bytes);
  const store = new Store();
  const instance = instantiatePaused(store, module, world.wasi.imports(store, module, Func.host));
  if (instance.startFunc !== undefined) new Execution(instance.startFunc, []).run();
  const execution = new Execution(instance.exports.get('_start') as Func, []);
  return { world, instance, execution };
}

/** The world in which the program goes on: of the state, but for what the host must have. */
function worldThere(one: Case, world: World): WorldSpec {
  const { args: _args, env: _env, stdin: _stdin, seed: _seed, sockets: _sockets, ...rest } = one.world;
  const trees = world.hostTrees();
  const roots = one.world.roots.map((here): RootSpec => {
    if (here.kind === 'memory') return { ...here, tree: {} };
    return here.kind === 'overlay' ? here : { ...here, tree: trees[here.path] };
  });
  return { ...rest, roots: one.there?.(one.world.roots) ?? roots };
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] };
async function unmovedFrom({ world, instance, execution }: Started): Promise<Changeable<Observation>> {
  const before = [world.stdout.length, world.stderr.length];
  const { fuel: _, ...ran } = await runOn(execution);
  return {
    ...ran,
    ...(world.ownFiles && { instances: [instanceState(instance)] }),
    stdout: world.stdout.slice(before[0]),
    stderr: world.stderr.slice(before[1]),
    files: world.files(),
  };
}

async function stopAt(one: Case, { execution }: Started, fuel: number): Promise<void> {
  if (!one.waits) {
    await runFor(execution, fuel);
    return;
  }
  const outcome = execution.run();
  if (outcome.kind !== 'waiting') throw new Error(`${one.name} does not wait, it is ${outcome.kind}`);
}

/** Between which two calls of the guest it stands. */
const callsMade = ({ world }: Started) => String(world.calls);

async function recordCase(record: Write, one: Case): Promise<void> {
  const bytes = withoutCustomSections(await guest(one.source));
  const worlds: World[] = [];
  const start = async () => {
    const started = startIn(bytes, one.world);
    worlds.push(started.world);
    return started;
  };
  const recorded: Recorded[] = [];
  for (const fuel of one.waits ? [0] : await chooseStops(start, one.stops, callsMade)) {
    const started = await start();
    await stopAt(one, started, fuel);
    const { execution, world } = started;
    const file = snapshot(execution, { hostState: world.wasi.saveState(one.world.save) });
    const there = worldThere(one, world);
    const stopped = `${one.waits ? 'waiting' : `after ${fuel} safepoints`}: ${placeText(execution)}`;
    const point = { stopped, files: [textOf(file)], world: there };
    // Where files differ on purpose, what is unmoved says nothing of the rest.
    const unmoved: Changeable<Observation> = one.there === undefined ? await unmovedFrom(started) : {};
    // A poll that is made again looks at the clock once more, and virtual clocks move by being looked at.
    if (one.waits) delete unmoved.instances;
    recorded.push({ point, unmoved });
  }
  for (const world of worlds) world.dispose();
  await record(one.name, { kind: 'draft', about: one.about }, [bytes], recorded);
}

interface CliCase {
  readonly name: string;
  readonly about: string;
  readonly source: string;
  /** Before the module, after `run`. */
  readonly words: readonly string[];
  readonly roots: readonly RootSpec[];
  readonly embedded?: string;
  /** Words of `resume`. */
  readonly there?: readonly string[];
  readonly fuels: readonly number[];
}

const CLI_CASES: readonly CliCase[] = [
  {
    name: 'cli-host',
    about: 'run --snapshot-to with a directory of the machine',
    source: writer(60),
    words: [],
    roots: [root('host', {})],
    fuels: [40, 9000, 24_000],
  },
  {
    name: 'cli-deterministic',
    about: 'run --deterministic --memory-fs --snapshot-to: no time in the file, files in memory',
    source: writer(60),
    words: ['--deterministic', '--seed', '4', '--memory-fs'],
    there: ['--memory-fs'],
    roots: [],
    fuels: [9000, 24_000],
  },
  {
    name: 'cli-embedded',
    about: 'run --snapshot-to F.wasm:NAME',
    source: writer(60),
    words: ['--memory-fs'],
    there: ['--memory-fs'],
    roots: [],
    embedded: 'mid way',
    fuels: [22_000],
  },
];

async function recordCli(record: Write, one: CliCase): Promise<void> {
  const bytes = withoutCustomSections(await guest(one.source));
  const recorded: Recorded[] = [];
  for (const fuel of one.fuels) {
    const place = mkdtempSync(path.join(tmpdir(), 'tswasm-golden-record-'));
    const world = new World({ roots: one.roots });
    const module = path.join(place, 'module.wasm');
    writeFileSync(module, bytes);
    const target = path.join(place, one.embedded === undefined ? 'out.dmp' : 'out.wasm');
    const named = one.embedded === undefined ? target : `${target}:${one.embedded}`;
    const dirs = one.roots.flatMap((r) => ['--dir', `${world.folderOf(r.path, r.tree)}::${r.path}`]);
    const trigger = ['--after-fuel', String(fuel), '--snapshot-to', named];
    const run = await cli(['run', ...one.words, ...dirs, ...trigger, module]);
    if (run.code !== 0) throw new Error(`${one.name}: ${run.stderr}`);
    const trees = world.hostTrees();
    const roots = one.roots.map((r) => ({ ...r, tree: trees[r.path] }));
    const point: Recorded['point'] = {
      stopped: `after ${fuel} safepoints`,
      files: [textOf(readFileSync(target))],
      ...(one.embedded !== undefined && { name: one.embedded }),
      world: { roots, ...(one.there && { words: one.there }) } satisfies Point['world'],
    };
    const unmoved = { exitCode: 0, stderr: '' };
    recorded.push({ point, unmoved });
    world.dispose();
    rmSync(place, { recursive: true, force: true });
  }
  await record(one.name, { kind: 'cli', about: one.about }, [bytes], recorded);
}

export async function recordWasi(record: Write): Promise<void> {
  for (const one of CASES) await recordCase(record, one);
  for (const one of CLI_CASES) await recordCli(record, one);
}
