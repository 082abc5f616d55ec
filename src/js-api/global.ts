/** `WebAssembly.Global`. */
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, isRef, V128, type ValType } from '../decoder/types';
import { Global as CoreGlobal } from '../runtime/index';
import { type Agent, isOpaque } from './agent';
import { defineInterface, dictionary, enumValue } from './webidl';

/** The enumeration ValueType. */
const VALUE_TYPES = {
  i32: I32,
  i64: I64,
  f32: F32,
  f64: F64,
  v128: V128,
  externref: EXTERNREF,
  anyfunc: FUNCREF,
};
type ValueTypeName = keyof typeof VALUE_TYPES;

/** ToValueType. */
export function valueType(value: unknown, what: string): ValType {
  return VALUE_TYPES[enumValue(value, Object.keys(VALUE_TYPES) as ValueTypeName[], what)];
}

export function createGlobal(agent: Agent) {
  function coreOf(value: unknown): CoreGlobal {
    const core = agent.slot(value, CoreGlobal, 'Global');
    if (isOpaque(core.type.value)) throw new TypeError('the value of this global has no JavaScript form');
    return core;
  }

  function allocateGlobal(value: unknown, init: unknown): CoreGlobal {
    const descriptor = dictionary(value, 'the descriptor');
    const mutable = Boolean(descriptor.mutable);
    const type = valueType(descriptor.value, "property 'value'");
    if (isOpaque(type)) throw new TypeError('a global of this type has no JavaScript form');
    return new CoreGlobal(
      agent.store,
      { value: type, mutable },
      agent.toWasmValue(type, init === undefined ? defaultValue(type) : init),
    );
  }

  class Global {
    /** A descriptor, or a core global to wrap. */
    constructor(descriptor: unknown, v?: unknown) {
      const core = descriptor instanceof CoreGlobal ? descriptor : allocateGlobal(descriptor, v);
      // biome-ignore lint/correctness/noConstructorReturn: see Agent.adopt
      return agent.adopt(core, this);
    }

    valueOf(): unknown {
      return agent.toJsValue(coreOf(this).get());
    }

    get value(): unknown {
      return agent.toJsValue(coreOf(this).get());
    }

    set value(v: unknown) {
      const core = coreOf(this);
      if (!core.type.mutable) throw new TypeError('the global is immutable');
      core.set(agent.toWasmValue(core.type.value, v));
    }
  }

  defineInterface(Global, 'Global', 1);
  return Global;
}

/** DefaultValue. */
function defaultValue(type: ValType): unknown {
  if (isRef(type)) return type === EXTERNREF ? undefined : null;
  return type === I64 ? 0n : 0;
}
