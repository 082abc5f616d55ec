/** What the numbers of a document mean: the index spaces of one instance, or the addresses of several linked ones (linkage.ts). */
import type { Store } from '../interpreter';
import type { Func, Global, Instance, Memory, Table, Tag } from '../runtime';

export interface Space {
  readonly store: Store;
  readonly memories: readonly Memory[];
  readonly tables: readonly Table[];
  readonly globals: readonly Global[];
  func(index: number): Func;
  tag(index: number): Tag;
  /** The number of a tag, or undefined when it is none of this space. */
  tagNumberOf(tag: Tag): number | undefined;
  /** The number of a function, or undefined when it is none of this space. */
  numberOf(func: Func): number | undefined;
  /** The number of a function that `instance` defines, or undefined when the instance is none of this space. */
  ownNumberOf(instance: Instance, funcidx: number): number | undefined;
}

export function spaceOf(instance: Instance): Space {
  const { store, module, memories, tables, globals, tags } = instance;
  let imported: Map<Func, number> | undefined;
  return {
    store,
    memories,
    tables,
    globals,
    func: (index) => instance.funcAt(index),
    numberOf(func) {
      if (func.instance === instance) return func.funcidx;
      if (imported === undefined) {
        imported = new Map();
        for (let i = module.importedFuncs - 1; i >= 0; i--) imported.set(instance.funcAt(i), i);
      }
      return imported.get(func);
    },
    tag: (index) => tags[index],
    tagNumberOf(tag) {
      const index = tags.indexOf(tag);
      return index < 0 ? undefined : index;
    },
    ownNumberOf: (owner, funcidx) => (owner === instance ? funcidx : undefined),
  };
}

/** For each item the index at which it comes first: two imports can name one memory or table. */
export function firstIndices(items: readonly unknown[]): number[] {
  const firsts = new Map<unknown, number>();
  return items.map((item, i) => {
    const first = firsts.get(item) ?? i;
    firsts.set(item, first);
    return first;
  });
}
