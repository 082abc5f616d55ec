import type { Plugin } from 'esbuild';

/** Files in the repository, and what stands for each. */
export const WITHOUT_SIMD: Readonly<Record<string, string>>;
export const WITHOUT_EXCEPTIONS: Readonly<Record<string, string>>;
export const SMALL_PARTS: Readonly<Record<string, string>>;
export const SMALL_QUICKJS_PARTS: Readonly<Record<string, string>>;
export const QUICKJS_PARTS: Readonly<Record<string, string>>;
/** A plugin for esbuild. The build fails when nothing imports one of the files. */
export function smallParts(parts?: Readonly<Record<string, string>>): Plugin;
