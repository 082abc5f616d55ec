/**
 * How the instances of a store are linked, in numbers: everything in a store has an address, counted for each kind apart, in the order in
 * which the instances name it (imports first). A snapshot of a store says for each import the address that it was linked to; an address
 * that no instance before it has named is the host's.
 */
import type { ModuleData } from '../decoder/module';
import type { DefType, ExternKind } from '../decoder/types';
import { SnapshotError } from '../errors';
import { type Extern, Func, type Global, type Instance, type Memory, type Table } from '../runtime';
import type { U64 } from './document';
import { u64Equal, u64Hex } from './u64';
import { mismatch } from './value-types';
import { hashOf } from './verify';

const KINDS: readonly ExternKind[] = ['func', 'table', 'memory', 'global', 'tag'];

/** What a snapshot says of one instance. */
export interface PartRecord {
  /** Names the module. */
  readonly hash: U64;
  /** The address of each import, in the module's order. */
  readonly imports: readonly number[];
}

/** One instance of a linked store: addresses by index, and where its segments begin among those of all. */
export interface Part {
  readonly module: ModuleData;
  readonly addresses: Readonly<Record<ExternKind, readonly number[]>>;
  readonly firstData: number;
  readonly firstElem: number;
}

/** Who names an address first: the instance that defines it, or the first that imports it from the host. */
export interface Origin {
  readonly part: number;
  readonly index: number;
  readonly fromHost: boolean;
}

export class Linkage {
  readonly parts: Part[] = [];
  readonly origins: Readonly<Record<ExternKind, Origin[]>> = {
    func: [],
    table: [],
    memory: [],
    global: [],
    tag: [],
  };
  datas = 0;
  elems = 0;

  /** The next instance. `addressOf` tells what import k is linked to, by default the next free address; nothing lies beyond that. */
  add(
    module: ModuleData,
    addressOf: (k: number, kind: ExternKind, index: number) => number | undefined,
  ): void {
    const part = this.parts.length;
    const addresses: Record<ExternKind, number[]> = { func: [], table: [], memory: [], global: [], tag: [] };
    module.imports.forEach(({ type: { kind } }, k) => {
      const origins = this.origins[kind];
      const address = addressOf(k, kind, addresses[kind].length) ?? origins.length;
      if (address > origins.length) mismatch(`import ${k} of instance ${part} is linked to nothing`);
      if (address === origins.length) origins.push({ part, index: addresses[kind].length, fromHost: true });
      addresses[kind].push(address);
    });
    for (const kind of KINDS) {
      for (let index = addresses[kind].length; index < countOf(module, kind); index++) {
        addresses[kind].push(this.origins[kind].length);
        this.origins[kind].push({ part, index, fromHost: false });
      }
    }
    this.parts.push({ module, addresses, firstData: this.datas, firstElem: this.elems });
    this.datas += module.datas.length;
    this.elems += module.elements.length;
  }

  /** The module whose index space has this address, and the index there. */
  placeOf(kind: ExternKind, address: number): { readonly module: ModuleData; readonly index: number } {
    const { part, index } = this.origins[kind][address];
    return { module: this.parts[part].module, index };
  }

  /** The type of the function at an address, by its definition. */
  typeOfFunc(address: number): DefType {
    const { module, index } = this.placeOf('func', address);
    return module.types[module.funcTypes[index]];
  }
}

function countOf(module: ModuleData, kind: ExternKind): number {
  switch (kind) {
    case 'func':
      return module.funcTypes.length;
    case 'table':
      return module.tables.length;
    case 'memory':
      return module.memories.length;
    case 'global':
      return module.globals.length;
    case 'tag':
      return module.tags.length;
  }
}

/** The linkage that a snapshot tells, with the modules that it must be about. */
export function linkageOfRecords(records: readonly PartRecord[], modules: readonly ModuleData[]): Linkage {
  if (records.length !== modules.length) {
    mismatch(`the snapshot has ${records.length} instances, but there are ${modules.length} modules`);
  }
  const linkage = new Linkage();
  records.forEach(({ hash, imports }, i) => {
    const module = modules[i];
    const own = hashOf(module);
    if (!u64Equal(own, hash))
      mismatch(`instance ${i} belongs to module ${u64Hex(hash)}, this one is ${u64Hex(own)}`);
    if (imports.length !== module.imports.length)
      mismatch(`instance ${i} has ${imports.length} imports, but its module ${module.imports.length}`);
    linkage.add(module, (k) => imports[k]);
  });
  return linkage;
}

/** The linkage of live instances, in the order of their instantiation, and everything in them by address. */
export function linkageOfInstances(instances: readonly Instance[]): LiveLinkage {
  const live = new LiveLinkage();
  instances.forEach((instance, i) => {
    if (instances.indexOf(instance) < i) throw new SnapshotError(`instance ${i} is there twice`, 'state');
    if (instance.store !== instances[0].store)
      throw new SnapshotError(`instance ${i} is of another store`, 'state');
    if (instance.unusable !== undefined) throw new SnapshotError(instance.unusable, 'state');
    live.addInstance(instance);
  });
  return live;
}

export class LiveLinkage extends Linkage {
  /** By address. */
  readonly memories: Memory[] = [];
  readonly tables: Table[] = [];
  readonly globals: Global[] = [];
  readonly instances: Instance[] = [];
  /** Addresses of each instance's functions. */
  private readonly places = new Map<Instance, readonly number[]>();
  private readonly found = new Map<Extern, number>();

  addInstance(instance: Instance): void {
    this.add(instance.module, (_, kind, index) => {
      const extern = externAt(instance, kind, index);
      const known = this.numberOf(extern);
      // The instance may name it twice.
      if (known === undefined) this.found.set(extern, this.origins[kind].length);
      return known;
    });
    const { addresses } = this.parts[this.parts.length - 1];
    this.instances.push(instance);
    this.places.set(instance, addresses.func);
    const { importedFuncs } = instance.module;
    for (let k = 0; k < importedFuncs; k++) this.name(addresses.func[k], instance.funcAt(k));
    instance.memories.forEach((memory, k) => {
      this.memories[addresses.memory[k]] = memory;
      this.name(addresses.memory[k], memory);
    });
    instance.tables.forEach((table, k) => {
      this.tables[addresses.table[k]] = table;
      this.name(addresses.table[k], table);
    });
    instance.globals.forEach((global, k) => {
      this.globals[addresses.global[k]] = global;
      this.name(addresses.global[k], global);
    });
    instance.tags.forEach((tag, k) => {
      this.name(addresses.tag[k], tag);
    });
  }

  /** What is at an address, or undefined when no instance has named it yet. */
  externAt(kind: ExternKind, address: number): Extern | undefined {
    if (address >= this.origins[kind].length) return undefined;
    const { part, index } = this.origins[kind][address];
    return externAt(this.instances[part], kind, index);
  }

  /** The addresses of an instance's imports, in the module's order. */
  importsOf(part: number): number[] {
    const { module, addresses } = this.parts[part];
    const next: Record<ExternKind, number> = { func: 0, table: 0, memory: 0, global: 0, tag: 0 };
    return module.imports.map(({ type: { kind } }) => addresses[kind][next[kind]++]);
  }

  numberOf(extern: Extern): number | undefined {
    if (extern instanceof Func && extern.instance !== undefined) {
      return this.places.get(extern.instance)?.[extern.funcidx];
    }
    return this.found.get(extern);
  }

  private name(address: number, extern: Extern): void {
    const before = this.numberOf(extern);
    // A function of an instance that is not there, or not yet, has no address.
    const isWasm = extern instanceof Func && extern.instance !== undefined;
    if (before === undefined && !isWasm) this.found.set(extern, address);
    else if (before !== address) outOfOrder();
  }
}

function outOfOrder(): never {
  throw new SnapshotError(
    'an instance imports from one that is not before it in the list of instances',
    'state',
  );
}

function externAt(instance: Instance, kind: ExternKind, index: number): Extern {
  switch (kind) {
    case 'func':
      return instance.funcAt(index);
    case 'table':
      return instance.tables[index];
    case 'memory':
      return instance.memories[index];
    case 'global':
      return instance.globals[index];
    case 'tag':
      return instance.tags[index];
  }
}
