/** `WebAssembly.Memory`. */
import type { AddressType } from '../decoder/types';
import { Memory as CoreMemory } from '../runtime/index';
import type { Agent } from './agent';
import { useHostThreads } from './threads';
import { addressValue, defineInterface, dictionary, enumValue, toAddressValue } from './webidl';

/** Largest `min` or `max` of a memory type (section "Implementation-defined Limits"). */
const MAX_PAGES: Record<AddressType, number> = { i32: 65_536, i64: 2 ** 37 - 1 };

/**
 * DetachArrayBuffer, by moving the contents to a buffer that is dropped at once. Where the host has neither way, views of the old
 * buffer keep the old bytes.
 */
export function detach(buffer: ArrayBuffer): void {
  const transfer: unknown = Reflect.get(buffer, 'transfer');
  if (typeof transfer === 'function') transfer.call(buffer, 0);
  else if (typeof structuredClone === 'function') structuredClone(buffer, { transfer: [buffer] });
}

export function addressType(value: unknown): AddressType {
  return value === undefined ? 'i32' : enumValue(value, ['i32', 'i64'], "property 'address'");
}

/** The `initial` and `maximum` of a descriptor, read and converted in the order of the specification. */
export function readLimits(descriptor: Record<string, unknown>, address: AddressType, limit: number) {
  const { initial } = descriptor;
  if (initial === undefined) throw new TypeError("property 'initial' is required");
  const min = addressValue(initial, address, "property 'initial'");
  const { maximum } = descriptor;
  const max = maximum === undefined ? undefined : addressValue(maximum, address, "property 'maximum'");
  if (min > limit) throw new RangeError(`property 'initial' is above the limit of ${limit}`);
  if (max !== undefined && min > max) throw new RangeError("property 'maximum' is below 'initial'");
  return { address, min, max };
}

/** Allocation failures of the core are RangeErrors here. */
export function allocate<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof RangeError ? error : new RangeError((error as Error).message, { cause: error });
  }
}

export function createMemory(agent: Agent) {
  useHostThreads();
  class Memory {
    /** A descriptor, or a core memory to wrap. */
    constructor(descriptor: unknown) {
      const core = descriptor instanceof CoreMemory ? descriptor : allocateMemory(agent, descriptor);
      core.onGrow = detach;
      // biome-ignore lint/correctness/noConstructorReturn: see Agent.adopt
      return agent.adopt(core, this);
    }

    grow(delta: unknown): number | bigint {
      const core = agent.slot(this, CoreMemory, 'Memory');
      const { address } = core.type;
      const pages = core.grow(addressValue(delta, address, 'the number of pages'));
      if (pages < 0) throw new RangeError('the memory cannot grow by that much');
      return toAddressValue(pages, address);
    }

    get buffer(): ArrayBuffer {
      return agent.slot(this, CoreMemory, 'Memory').buffer;
    }
  }

  defineInterface(Memory, 'Memory', 1);
  return Memory;
}

function allocateMemory(agent: Agent, value: unknown): CoreMemory {
  const descriptor = dictionary(value, 'the descriptor');
  const address = addressType(descriptor.address);
  const limit = MAX_PAGES[address];
  const limits = readLimits(descriptor, address, limit);
  if (limits.max !== undefined && limits.max > limit)
    throw new RangeError(`property 'maximum' is above ${limit}`);
  const shared = Boolean(descriptor.shared);
  if (shared && limits.max === undefined) throw new TypeError("a shared memory needs the property 'maximum'");
  return allocate(() => new CoreMemory(agent.store, { ...limits, shared, pageBits: 16 }));
}
