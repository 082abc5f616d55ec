/**
 * The instances of a script, in groups that share something: each group has a store of its own and moves as a whole. A group of one is a
 * snapshot of the draft, a larger one a snapshot of a store (src/snapshot/store.ts).
 */
import type { Module } from '../../src/decoder/index';
import { type Execution, Store } from '../../src/interpreter/index';
import { type Extern, type Instance, instantiatePaused, linkInstance } from '../../src/runtime/index';
import {
  postmortem,
  restore,
  restoreStore,
  snapshot,
  snapshotStore,
  u64FromNumber,
  u64ToNumber,
} from '../../src/snapshot/index';
import type { EngineExports, EngineExtern } from '../engine';
import { type HostRef, hostRef } from './host-refs';
import { tswasmSpectest } from './tswasm';

/** What `spectest` has that can change: who imports the same one is of one group. */
const MUTABLE = ['memory', 'shared_memory', 'table', 'table64'];

/** Makes the next store that a group is in: it is in as many as it moves. */
export type StoreMaker = () => Store;
export const plainStore: StoreMaker = () => new Store();

/** Makes something of the host for a store. */
export type HostMaker = (store: Store) => Extern;

/** What a script holds of an instance, or of the host: a name, since what it names moves. */
export class Handle {
  constructor(
    readonly name: string,
    /** Undefined: of the host. */
    readonly part: Part | undefined,
  ) {}

  in(group: Group): Extern {
    const exports = this.part?.instance.exports ?? group.host;
    return exports.get(this.name) as Extern;
  }
  /** What it names, where that is now. Not of the host. */
  now(): Extern | undefined {
    return this.part && this.in(this.part.group);
  }
}

/** An instance of the script, wherever it is now. */
export class Part {
  instance!: Instance;
  readonly exports = new Map<string, Handle>();
  /** Its active segments trapped: what it wrote before is there, but it cannot be instantiated again in the same way. */
  failed = false;
  constructor(
    readonly serial: number,
    readonly module: Module,
    readonly imports: readonly Handle[],
    public group: Group,
  ) {}
}

export const naming = {
  nameExternRef: (ref: unknown) => u64FromNumber((ref as HostRef).n + 1),
  bindExternRef: (name: Parameters<typeof u64ToNumber>[0]) => hostRef(u64ToNumber(name) - 1),
};

export class Group {
  store: Store;
  host: EngineExports;
  /** In the order of their instantiation. */
  parts: Part[] = [];

  /** `makers`: what the host has besides `spectest`. */
  constructor(
    private readonly makers: ReadonlyMap<string, HostMaker>,
    private readonly makeStore: StoreMaker,
  ) {
    this.store = makeStore();
    this.host = this.hostOf(this.store);
  }

  private hostOf(store: Store): EngineExports {
    const made = [...this.makers].map(([name, make]) => [name, make(store)] as const);
    return new Map<string, EngineExtern>([...tswasmSpectest(store), ...made]);
  }

  /** Whether a snapshot of the draft can say what there is. */
  get plain(): boolean {
    return this.parts.length === 1 && !this.parts[0].failed;
  }

  instantiate(part: Part): Instance {
    const externs = part.imports.map((handle) => handle.in(this));
    const instance = linkInstance(this.store, part.module, externs);
    part.instance = instance;
    this.parts.push(part);
    part.failed = true;
    instance.initialize();
    part.failed = false;
    for (const name of instance.exports.keys()) part.exports.set(name, new Handle(name, part));
    return instance;
  }

  snapshot(execution: Execution): Uint8Array {
    if (this.plain) return snapshot(execution, naming);
    return snapshotStore(this.instances(), execution, naming);
  }
  /** The state when nothing runs. */
  atRest(): Uint8Array {
    return this.plain
      ? postmortem(this.parts[0].instance, naming)
      : snapshotStore(this.instances(), undefined, naming);
  }

  /** Everything anew, in a store in which nothing has ever been. */
  restore(bytes: Uint8Array): Execution {
    this.moveOut();
    if (!this.plain) return this.fill(bytes, this.parts)!;
    const [part] = this.parts;
    const externs = part.imports.map((handle) => handle.in(this));
    part.instance = instantiatePaused(this.store, part.module, externs);
    return restore(bytes, part.instance, naming);
  }

  /** Takes the instances of another group, which is at rest as this one is. */
  absorb(other: Group): void {
    const own = this.parts.length > 0 ? snapshotStore(this.instances(), undefined, naming) : undefined;
    const bytes = other.parts.length > 0 ? snapshotStore(other.instances(), undefined, naming) : undefined;
    this.moveOut();
    if (own !== undefined) this.fill(own, this.parts);
    if (bytes !== undefined) this.fill(bytes, other.parts);
    for (const part of other.parts) part.group = this;
    this.parts = [...this.parts, ...other.parts].sort((a, b) => a.serial - b.serial);
  }

  private fill(bytes: Uint8Array, parts: readonly Part[]): Execution | undefined {
    const modules = parts.map((part) => part.module);
    const { instances, execution } = restoreStore(bytes, this.store, modules, {
      ...naming,
      importFromHost: (item, i) => parts[i].imports[modules[i].imports.indexOf(item)].in(this),
    });
    parts.forEach((part, i) => {
      part.instance = instances[i];
    });
    return execution;
  }

  /** Another group in which the same goes on. Only of one that is `plain`, whose imports are all of the host. */
  twin(bytes: Uint8Array, makeStore: StoreMaker): { readonly group: Group; readonly execution: Execution } {
    const group = new Group(this.makers, makeStore);
    const [{ serial, module, imports }] = this.parts;
    group.parts = [new Part(serial, module, imports, group)];
    return { group, execution: group.restore(bytes) };
  }

  private moveOut(): void {
    this.store = this.makeStore();
    this.host = this.hostOf(this.store);
  }
  private instances(): Instance[] {
    return this.parts.map((part) => part.instance);
  }
}

export class Groups {
  private serial = 0;
  private readonly makers = new Map<string, HostMaker>();
  /** Which group has the changeable things of `spectest`. */
  private readonly holders = new Map<string, Group>();

  constructor(private readonly makeStore: StoreMaker) {}

  /** Something else of the host, for groups that come into being later. */
  fromHost(name: string, make: HostMaker): Handle {
    this.makers.set(name, make);
    return new Handle(name, undefined);
  }

  /** A part in the group of all that it imports from. */
  part(module: Module, imports: readonly Handle[]): Part {
    const linked = new Set<Group>();
    const changeable: string[] = [];
    for (const { name, part } of imports) {
      if (part !== undefined) linked.add(part.group);
      else if (MUTABLE.includes(name)) changeable.push(name);
    }
    for (const name of changeable) {
      const holder = this.holders.get(name);
      if (holder !== undefined) linked.add(holder);
    }
    const [group = new Group(this.makers, this.makeStore), ...others] = linked;
    for (const other of others) {
      group.absorb(other);
      for (const [name, holder] of this.holders) if (holder === other) this.holders.set(name, group);
    }
    for (const name of changeable) this.holders.set(name, group);
    return new Part(this.serial++, module, imports, group);
  }
}

export function spectestHandles(): EngineExports {
  const handles = new Map<string, EngineExtern>();
  for (const name of tswasmSpectest(new Store()).keys()) handles.set(name, new Handle(name, undefined));
  return handles;
}
