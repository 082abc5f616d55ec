/** Every engine the runner knows by name. */
import type { Engine } from '../engine';
import { nativeEngine } from './native';
import { tswasmEngine } from './tswasm';

export const engines = { tswasm: tswasmEngine, native: nativeEngine } satisfies Record<string, Engine>;
