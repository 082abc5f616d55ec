/** `WebAssembly.Table`. */
import { EXTERNREF, FUNCREF, type ValType } from '../decoder/types';
import { Table as CoreTable } from '../runtime/index';
import type { Agent } from './agent';
import { addressType, allocate, readLimits } from './memory';
import { addressValue, defineInterface, dictionary, enumValue, toAddressValue } from './webidl';

/** "The maximum size of a table" (section "Implementation-defined Limits"). A table may still declare a larger maximum. */
const MAX_ELEMENTS = 10_000_000;

/** TableKind. */
const ELEMENT_TYPES: Record<'anyfunc' | 'externref', ValType> = { anyfunc: FUNCREF, externref: EXTERNREF };

/** DefaultValue of a reference type. */
function defaultRef(element: ValType): unknown {
  return element === EXTERNREF ? undefined : null;
}

export function createTable(agent: Agent) {
  const coreOf = (value: unknown): CoreTable => agent.slot(value, CoreTable, 'Table');

  function toRef(element: ValType, value: unknown, missing: boolean): unknown {
    return missing ? defaultRef(element) : agent.toWasmValue(element, value).ref;
  }

  function allocateTable(value: unknown, init: unknown): CoreTable {
    const descriptor = dictionary(value, 'the descriptor');
    const kind = enumValue(descriptor.element, ['anyfunc', 'externref'], "property 'element'");
    const element = ELEMENT_TYPES[kind];
    const limits = readLimits(descriptor, addressType(descriptor.address), MAX_ELEMENTS);
    const ref = toRef(element, init, init === undefined);
    return allocate(() => new CoreTable(agent.store, { ...limits, element }, ref));
  }

  class Table {
    /** A descriptor, or a core table to wrap. */
    constructor(descriptor: unknown, value?: unknown) {
      const core = descriptor instanceof CoreTable ? descriptor : allocateTable(descriptor, value);
      // biome-ignore lint/correctness/noConstructorReturn: see Agent.adopt
      return agent.adopt(core, this);
    }

    grow(delta: unknown, value: unknown = undefined): number | bigint {
      const core = coreOf(this);
      const { address, element } = core.type;
      const count = addressValue(delta, address, 'the number of elements');
      const ref = toRef(element, value, value === undefined);
      const length = core.length + count > MAX_ELEMENTS ? -1 : core.grow(count, ref);
      if (length < 0) throw new RangeError('the table cannot grow by that much');
      return toAddressValue(length, address);
    }

    get(index: unknown): unknown {
      const core = coreOf(this);
      return agent.wrap(core.get(checkedIndex(core, index)));
    }

    // Undefined is a value here, and an error for functions (table/get-set.any.js): only an absent argument is the default.
    set(index: unknown, ...value: unknown[]): void {
      const core = coreOf(this);
      const position = addressValue(index, core.type.address, 'the index');
      const ref = toRef(core.type.element, value[0], value.length === 0);
      core.set(inBounds(core, position), ref);
    }

    get length(): number | bigint {
      const core = coreOf(this);
      return toAddressValue(core.length, core.type.address);
    }
  }

  defineInterface(Table, 'Table', 1);
  return Table;
}

function checkedIndex(core: CoreTable, index: unknown): number {
  return inBounds(core, addressValue(index, core.type.address, 'the index'));
}

function inBounds(core: CoreTable, index: number): number {
  if (index >= core.length) throw new RangeError(`index ${index} is out of the bounds of the table`);
  return index;
}
