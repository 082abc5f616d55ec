import type { Plugin } from 'esbuild';
import type { Program } from 'typescript';

/** What is to be replaced in each file, from its end to its beginning: start, end, text. */
export type Presences = Readonly<Record<string, readonly (readonly [number, number, string])[]>>;
export function presences(program: Program): Presences;
export function withPresences(found: Presences): Plugin;
