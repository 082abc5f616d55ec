/** Feature switches, one per proposal (names as in the proposals repository). All that tswasm implements are on by default. */
export const FEATURES = {
  mutableGlobals: true,
  signExtension: true,
  saturatingFloatToInt: true,
  multiValue: true,
  bulkMemory: true,
  referenceTypes: true,
  extendedConst: true,
  tailCalls: true,
  multiMemory: true,
  memory64: true,
  customPageSizes: true,
  functionReferences: true,
  exceptionHandling: true,
  legacyExceptions: true,
  /** So far recursion groups and subtyping of function types. */
  gc: true,
  simd: true,
  relaxedSimd: true,
  /** Shared memories, and atomic instructions. */
  threads: true,
} as const;
/** The name of a proposal, or of a part of the specification that can be switched off. */
export type Feature = keyof typeof FEATURES;
/** Which of them modules may use. */
export type Features = Readonly<Record<Feature, boolean>>;
export const DEFAULT_FEATURES: Features = FEATURES;
