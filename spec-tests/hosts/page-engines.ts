/** The engines that a page has: those that need nothing of their host, and the compiled tiers. */
import type { Engine } from '../engine';
import { javascriptEngine, javascriptMixedEngine } from '../engines/javascript-tier';
import { nativeMixedEngine, nativeTierEngine } from '../engines/native-tier';
import { portableEngine } from './engines';

const COMPILED = [javascriptEngine, javascriptMixedEngine, nativeTierEngine, nativeMixedEngine];

export function pageEngine(name: string): Engine | undefined {
  return portableEngine(name) ?? COMPILED.find((engine) => engine.name === name);
}
