/** What a binary holds and what it asks for, as far as it can be told: also of modules that need what this decoder does not have. */
import { CompileError } from '../errors';
import { DEFAULT_FEATURES, type Feature } from './features';
import type { Export, Import } from './module';
import { type Parts, runParts } from './parts';
import { Reader } from './reader';
import { ModuleDecoder, type SectionName } from './sections';
import { UnsupportedError } from './unsupported';

export interface SectionInfo {
  readonly section: SectionName;
  /** Of a custom section. */
  readonly name: string | undefined;
  /** Of the section's id byte. */
  readonly offset: number;
  /** Bytes of the contents. */
  readonly size: number;
  /** Entries; undefined for sections that are no vectors. */
  readonly count: number | undefined;
}

export interface Inspection {
  readonly size: number;
  readonly sections: readonly SectionInfo[];
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  /** Names of the features beyond WebAssembly 1.0 that the module uses, sorted. */
  readonly features: readonly string[];
  /** Why the module is rejected. Then all of the above is what was found before. */
  readonly error: CompileError | undefined;
}

const FEATURE_NAMES: Readonly<Record<Feature, string>> = {
  mutableGlobals: 'mutable globals',
  signExtension: 'sign extension',
  saturatingFloatToInt: 'saturating float-to-int',
  multiValue: 'multi-value',
  bulkMemory: 'bulk memory',
  referenceTypes: 'reference types',
  extendedConst: 'extended constant expressions',
  tailCalls: 'tail calls',
  multiMemory: 'multi-memory',
  memory64: 'memory64',
  customPageSizes: 'custom page sizes',
  functionReferences: 'function references',
  exceptionHandling: 'exception handling',
  legacyExceptions: 'legacy exception handling',
  gc: 'garbage collection',
  simd: 'simd',
  relaxedSimd: 'relaxed-simd',
  threads: 'threads',
};

const NOT_VECTORS: readonly SectionName[] = ['custom', 'start', 'dataCount'];

/** Goes on after a function that needs an unsupported proposal, to learn what the others need. */
class Inspector extends ModuleDecoder {
  readonly missing = new Set<string>();
  firstError: CompileError | undefined;

  protected override body(funcidx: number, start: number, end: number): Parts {
    return this.attempt(() => super.body(funcidx, start, end), UnsupportedError);
  }

  *attempt(work: () => Parts | undefined, caught: typeof CompileError | typeof UnsupportedError): Parts {
    try {
      const rest = work();
      if (rest !== undefined) yield* rest;
    } catch (error) {
      if (!(error instanceof CompileError && error instanceof caught)) throw error;
      this.firstError ??= error;
      if (error instanceof UnsupportedError) this.missing.add(error.feature);
    }
  }
}

export function inspect(bytes: Uint8Array): Inspection {
  return runParts(inspectInParts(bytes));
}

/** The same in parts, as `Module.decodeInParts`. */
export function* inspectInParts(bytes: Uint8Array): Generator<undefined, Inspection, undefined> {
  const inspector = new Inspector(bytes, DEFAULT_FEATURES);
  yield* inspector.attempt(() => inspector.parts(), CompileError);
  const needed = Array.from(inspector.context.needed, (feature) => FEATURE_NAMES[feature]);
  const customs = inspector.customs.values();
  return {
    size: bytes.length,
    sections: inspector.extents.map(({ section, offset, start, end }) => ({
      section,
      name: section === 'custom' ? (customs.next().value?.name ?? undefined) : undefined,
      offset,
      size: end - start,
      count: NOT_VECTORS.includes(section) || start === end ? undefined : countAt(bytes, start),
    })),
    imports: inspector.imports,
    exports: inspector.exports,
    features: [...needed, ...inspector.missing].sort(),
    error: inspector.firstError,
  };
}

function countAt(bytes: Uint8Array, start: number): number | undefined {
  try {
    return new Reader(bytes, start).u32();
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}
