/** `tswasm snapshot`: looking at snapshots, and putting them into modules. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import {
  type DecodeOptions,
  decode,
  decodeStore,
  describe,
  diff,
  embedSnapshot,
  expandMemory,
  extractSnapshot,
  hasDigest,
  isStoreSnapshot,
  listSnapshots,
  removeSnapshot,
  type SnapshotDocument,
  stripSnapshot,
  u64Hex,
  verify,
} from '../../snapshot';
import { isModule } from '../carried';
import type { Command } from '../command';
import { InputError, loadModule, reasonOf } from '../load';
import { type Options, UsageError } from '../options';
import { print } from '../output';
import { writeOutput } from '../output-files';
import { during } from '../progress';
import { EXIT, reportFailure } from '../report';
import { onlyName, readCarrier, readSnapshot } from '../snapshot-files';
import { NO_DIGEST } from '../snapshot-options';
import { WASI_WORLD } from '../snapshots';
import { TIMEOUT, TimeLimit } from '../time-limit';

/** The words after the name of an action. */
interface Action {
  readonly usage: string;
  readonly least: number;
  readonly most: number;
  run(files: readonly string[], options: Options, time: TimeLimit): number | Promise<number>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  info: { usage: 'info F [module.wasm] [--values]', least: 1, most: 2, run: info },
  verify: { usage: 'verify F [module.wasm] [--no-digest]', least: 1, most: 2, run: verifyFile },
  diff: { usage: 'diff A B [module.wasm]', least: 2, most: 3, run: diffFiles },
  embed: { usage: 'embed module.wasm F [--name NAME] --output OUT.wasm', least: 2, most: 2, run: embed },
  extract: { usage: 'extract module.wasm [--name NAME] --output OUT.dmp', least: 1, most: 1, run: extract },
  strip: { usage: 'strip F [--name NAME] --output OUT', least: 1, most: 1, run: strip },
  unpack: { usage: 'unpack F DIRECTORY [module.wasm]', least: 2, most: 3, run: unpack },
};

export const snapshotCommand: Command = {
  usage: 'snapshot info|verify|diff|embed|extract|strip|unpack ...',
  options: [
    { name: 'values', help: 'info: also list all locals, operands and globals' },
    {
      name: 'name',
      value: 'NAME',
      help: 'embed, extract, strip: which snapshot of the module (default: the one without a name)',
    },
    { name: 'output', value: 'FILE', help: 'embed, extract, strip: where the result goes' },
    { name: NO_DIGEST.name, help: 'verify, strip: do not check the digest of the file' },
    TIMEOUT,
  ],
  optionsAnywhere: true,
  notes: `
actions:
${Object.values(ACTIONS)
  .map(({ usage }) => `  tswasm snapshot ${usage}`)
  .join('\n')}

F is a snapshot, or a module that carries it (F.wasm, F.wasm:NAME). With the module, info and diff name
functions, and verify checks everything that resuming would check; without it, verify checks the form only.
A snapshot of several linked instances (snapshotStore of the library) is shown and checked too.
verify also checks the digest that run and resume put into the file: it tells of damage, not of who wrote it.
strip leaves only what every engine knows, and says what is lost: host state (the WASI world), digest, and
sections that the draft does not define.
diff ends with exit code 1 when the two differ. unpack writes a listing, the image of each memory, the host's
own state and the module, if F carries one.`,
  async run(options) {
    const [name, ...files] = options.rest;
    const action = name === undefined ? undefined : ACTIONS[name];
    if (action === undefined) {
      throw new UsageError(name === undefined ? 'say what to do' : `'${name}' is no action of snapshot`);
    }
    if (files.length < action.least || files.length > action.most) {
      throw new UsageError(`expected: tswasm snapshot ${action.usage}`);
    }
    const time = new TimeLimit(options);
    try {
      return await action.run(files, options, time);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return reportFailure(files[0], error);
    }
  },
};

/** A snapshot, and its module when that is known. */
async function open(text: string, moduleFile: string | undefined, time: TimeLimit) {
  const { bytes, module: carrier } = readSnapshot(text);
  const wasm = moduleFile === undefined ? carrier : await loadModule(moduleFile);
  return { bytes, carrier, module: wasm && time.decode(moduleFile ?? text, wasm) };
}

function read(text: string, bytes: Uint8Array, options: DecodeOptions = {}): SnapshotDocument {
  return during(`reading ${text}`, bytes.length, () => decode(bytes, options));
}

/** A snapshot of linked instances, which is read here, and gone on from with the library. */
function storeInfo(bytes: Uint8Array, options: Options): number {
  const { records, document } = decodeStore(bytes);
  const lines = [
    `size: ${bytes.length} bytes`,
    ...records.map(({ hash }, k) => `instance ${k}: of the module with hash ${u64Hex(hash)}`),
    ...describe(document, { values: options.has('values') }),
  ];
  print(`${lines.join('\n')}\n`);
  return EXIT.success;
}

async function info(
  [file, moduleFile]: readonly string[],
  options: Options,
  time: TimeLimit,
): Promise<number> {
  const { bytes: carrier, name } = readCarrier(file);
  if (isStoreSnapshot(carrier)) return storeInfo(carrier, options);
  const names = isModule(carrier) && name === undefined ? listSnapshots(carrier).map((one) => one.name) : [];
  // A module is told about snapshot by snapshot.
  const texts = names.length > 1 ? names.map((one) => `${file}:${one}`) : [file];
  for (const text of texts) {
    if (texts.length > 1) print(`${text}\n`);
    const { bytes, module } = await open(text, moduleFile, time);
    const lines = describe(read(text, bytes), {
      ...(module ? { module } : {}),
      values: options.has('values'),
    });
    print(`${[`size: ${bytes.length} bytes`, ...lines].join('\n')}\n`);
  }
  return EXIT.success;
}

async function verifyFile(
  [file, moduleFile]: readonly string[],
  options: Options,
  time: TimeLimit,
): Promise<number> {
  const checkDigest = !options.has(NO_DIGEST.name);
  const { bytes: carrier } = readCarrier(file);
  if (isStoreSnapshot(carrier)) {
    decodeStore(carrier, { checkDigest });
    print(`${file}: well formed; whether it fits its modules is not checked\n`);
    return EXIT.success;
  }
  const { bytes, module } = await open(file, moduleFile, time);
  const document = read(file, bytes, { checkDigest });
  if (module !== undefined) verify(document, module);
  print(
    module === undefined
      ? `${file}: well formed; whether it fits its module is not checked (name the module)\n`
      : `${file}: valid${document.postmortem ? '; a postmortem, which cannot be resumed' : ''}\n`,
  );
  return EXIT.success;
}

async function diffFiles(
  [left, right, moduleFile]: readonly string[],
  _: Options,
  time: TimeLimit,
): Promise<number> {
  const a = await open(left, moduleFile, time);
  const b = read(right, readSnapshot(right).bytes);
  const lines = diff(read(left, a.bytes), b, a.module);
  print(lines.map((line) => `${line}\n`).join(''));
  return lines.length === 0 ? EXIT.success : EXIT.failure;
}

function output(options: Options): string {
  const file = options.get('output');
  if (file === undefined) throw new UsageError('say where the result goes: --output FILE');
  return file;
}

async function embed([file, snapshotFile]: readonly string[], options: Options): Promise<number> {
  const target = output(options);
  const { bytes } = readSnapshot(snapshotFile);
  writeOutput(target, embedSnapshot(await loadModule(file), bytes, options.get('name')));
  return EXIT.success;
}

function extract([file]: readonly string[], options: Options): number {
  const target = output(options);
  const { bytes, name } = readCarrier(file);
  writeOutput(target, extractSnapshot(bytes, options.get('name') ?? name));
  return EXIT.success;
}

/** A snapshot in a file of its own, or the one in a module, which stays in it. */
function strip([file]: readonly string[], options: Options): number {
  const target = output(options);
  const { bytes: carrier, name } = readCarrier(file);
  const chosen = options.get('name') ?? name;
  const { bytes: whole, module } = readSnapshot(
    isModule(carrier) && chosen ? `${carrierFile(file, name)}:${chosen}` : file,
  );
  const { bytes, lost } = stripSnapshot(whole, { checkDigest: !options.has(NO_DIGEST.name) });
  writeOutput(
    target,
    module === undefined ? bytes : embedSnapshot(module, bytes, chosen ?? onlyName(module)),
  );
  const digest = hasDigest(whole) ? ['the digest'] : [];
  const world = lost.some((what) => what.endsWith('host state')) ? ` (of WASI: ${WASI_WORLD})` : '';
  const all = [...lost, ...digest];
  print(`${file}: ${all.length === 0 ? 'nothing is lost' : `lost: ${all.join(', ')}${world}`}\n`);
  return EXIT.success;
}

/** `F.wasm` of `F.wasm:NAME`. */
function carrierFile(text: string, name: string | undefined): string {
  return name ? text.slice(0, -name.length - 1) : text;
}

async function unpack(
  [file, directory, moduleFile]: readonly string[],
  _: Options,
  time: TimeLimit,
): Promise<number> {
  const { bytes, carrier, module } = await open(file, moduleFile, time);
  const document = read(file, bytes);
  if (existsSync(directory)) throw new InputError(`${directory}: exists already`);
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new InputError(`${directory}: ${reasonOf(error)}`);
  }
  const put = (name: string, contents: Uint8Array | string) =>
    writeOutput(path.join(directory, name), contents);
  put('snapshot.txt', `${describe(document, { ...(module ? { module } : {}), values: true }).join('\n')}\n`);
  put('snapshot.dmp', bytes);
  document.memories.forEach((record, i) => {
    if (record.sameAs === undefined) put(`memory${i}.bin`, expandMemory(record));
  });
  if (document.hostState.length > 0) put('host-state.bin', document.hostState);
  if (carrier !== undefined) {
    const bare = listSnapshots(carrier).reduce((wasm, one) => removeSnapshot(wasm, one.name), carrier);
    put('module.wasm', bare);
  }
  return EXIT.success;
}
