/** For tests: modules from bytes and from text (../testing.ts), seeded damage, and a validator that walks by the rules alone. */
import { CompileError } from '../errors';
import { DEFAULT_FEATURES } from './features';
import { runParts } from './parts';
import { CODE_RULES } from './ruleset';
import { ModuleDecoder, SECTIONS, type SectionName } from './sections';

export { wat } from '../testing';

type Bytes = readonly (number | readonly number[])[];

export function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

export function section(name: SectionName, ...bytes: Bytes): number[] {
  const body = bytes.flat();
  return [SECTIONS[name], ...leb(body.length), ...body];
}

export function name(text: string): number[] {
  return [...leb(text.length), ...Array.from(text, (char) => char.charCodeAt(0))];
}

export function moduleOf(...sections: Bytes): Uint8Array {
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

/** A module of one function of type [] -> [] and one i32 memory. */
export function functionOf(...body: Bytes): Uint8Array {
  const code = [0, ...body.flat(), 0x0b];
  return moduleOf(
    section('type', 1, 0x60, 0, 0),
    section('function', 1, 0),
    section('memory', 1, 0, 1),
    section('code', 1, leb(code.length), code),
  );
}

/** The error that the rules alone find, if any. */
export function verdictByRules(bytes: Uint8Array): string | undefined {
  const decoder = new ModuleDecoder(bytes, DEFAULT_FEATURES, (v, until) => v.walk(CODE_RULES, until));
  return messageOf(() => runParts(decoder.parts()));
}

/** The message of the CompileError, undefined without one; any other exception goes through. */
export function messageOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
}

/** Marsaglia's xorshift: the same damage everywhere. */
export class Random {
  constructor(private state: number) {
    for (let i = 0; i < 8; i++) this.below(1);
  }
  below(bound: number): number {
    let x = this.state | 1;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return (x >>> 0) % bound;
  }
}
