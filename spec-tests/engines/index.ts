/** Every engine the runner knows by name. */
import type { Engine } from '../engine';
import { nativeEngine } from './native';

export const engines = { native: nativeEngine } satisfies Record<string, Engine>;
