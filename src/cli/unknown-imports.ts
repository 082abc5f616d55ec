/** --unknown-imports-trap: functions that a module imports and nobody knows. */
import { Func, type ImportLookup, RuntimeError, type Store } from '../index';
import type { OptionSpec } from './options';

export const UNKNOWN_IMPORTS: OptionSpec = {
  name: 'unknown-imports-trap',
  help: 'functions that are imported and unknown trap when they are called',
};

/** Functions that trap when they are called; other unknown imports stay errors. */
export function trappingImports(store: Store): ImportLookup {
  return (module, name, type) => {
    if (type.kind !== 'func') return undefined;
    const label = `${module}.${name}`;
    const refuse = () => {
      throw new RuntimeError(`the unknown import ${label} was called`, undefined, 'unreachable');
    };
    return Func.host(store, type.type, refuse, label);
  };
}
