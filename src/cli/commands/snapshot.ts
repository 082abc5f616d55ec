/** `tswasm snapshot`: looking at snapshots, and putting them into modules. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Module } from '../../decoder';
import {
  decode,
  decodeStore,
  describe,
  diff,
  embedSnapshot,
  expandMemory,
  extractSnapshot,
  isStoreSnapshot,
  listSnapshots,
  removeSnapshot,
  u64Hex,
  verify,
} from '../../snapshot';
import type { Command } from '../command';
import { InputError, loadModule, reasonOf } from '../load';
import { type Options, UsageError } from '../options';
import { print } from '../output';
import { EXIT, reportFailure } from '../report';
import { isModule, readCarrier, readSnapshot, writeOutput } from '../snapshot-files';

/** The words after the name of an action. */
interface Action {
  readonly usage: string;
  readonly least: number;
  readonly most: number;
  run(files: readonly string[], options: Options): number | Promise<number>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  info: { usage: 'info F [module.wasm] [--values]', least: 1, most: 2, run: info },
  verify: { usage: 'verify F [module.wasm]', least: 1, most: 2, run: verifyFile },
  diff: { usage: 'diff A B [module.wasm]', least: 2, most: 3, run: diffFiles },
  embed: { usage: 'embed module.wasm F [--name NAME] --output OUT.wasm', least: 2, most: 2, run: embed },
  extract: { usage: 'extract module.wasm [--name NAME] --output OUT.dmp', least: 1, most: 1, run: extract },
  unpack: { usage: 'unpack F DIRECTORY [module.wasm]', least: 2, most: 3, run: unpack },
};

export const snapshotCommand: Command = {
  name: 'snapshot',
  summary: 'show, check, compare, embed and unpack snapshots',
  usage: 'snapshot info|verify|diff|embed|extract|unpack ...',
  options: [
    { name: 'values', help: 'info: also list all locals, operands and globals' },
    {
      name: 'name',
      value: 'NAME',
      help: 'embed, extract: which snapshot of the module (default: the one without a name)',
    },
    { name: 'output', value: 'FILE', help: 'embed, extract: where the result goes' },
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
    try {
      return await action.run(files, options);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return reportFailure(files[0], error);
    }
  },
};

/** A snapshot, and its module when that is known. */
async function open(text: string, moduleFile?: string) {
  const { bytes, module: carrier } = readSnapshot(text);
  const wasm = moduleFile === undefined ? carrier : await loadModule(moduleFile);
  return { bytes, carrier, module: wasm && Module.decode(wasm) };
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

async function info([file, moduleFile]: readonly string[], options: Options): Promise<number> {
  const { bytes: carrier, name } = readCarrier(file);
  if (isStoreSnapshot(carrier)) return storeInfo(carrier, options);
  const names = isModule(carrier) && name === undefined ? listSnapshots(carrier).map((one) => one.name) : [];
  // A module is told about snapshot by snapshot.
  const texts = names.length > 1 ? names.map((one) => `${file}:${one}`) : [file];
  for (const text of texts) {
    if (texts.length > 1) print(`${text}\n`);
    const { bytes, module } = await open(text, moduleFile);
    const lines = describe(decode(bytes), { ...(module ? { module } : {}), values: options.has('values') });
    print(`${[`size: ${bytes.length} bytes`, ...lines].join('\n')}\n`);
  }
  return EXIT.success;
}

async function verifyFile([file, moduleFile]: readonly string[]): Promise<number> {
  const { bytes: carrier } = readCarrier(file);
  if (isStoreSnapshot(carrier)) {
    decodeStore(carrier);
    print(`${file}: well formed; whether it fits its modules is not checked\n`);
    return EXIT.success;
  }
  const { bytes, module } = await open(file, moduleFile);
  const document = decode(bytes);
  if (module !== undefined) verify(document, module);
  print(
    module === undefined
      ? `${file}: well formed; whether it fits its module is not checked (name the module)\n`
      : `${file}: valid${document.postmortem ? '; a postmortem, which cannot be resumed' : ''}\n`,
  );
  return EXIT.success;
}

async function diffFiles([left, right, moduleFile]: readonly string[]): Promise<number> {
  const a = await open(left, moduleFile);
  const b = decode(readSnapshot(right).bytes);
  const lines = diff(decode(a.bytes), b, a.module);
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

async function unpack([file, directory, moduleFile]: readonly string[]): Promise<number> {
  const { bytes, carrier, module } = await open(file, moduleFile);
  const document = decode(bytes);
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
