/** For bundles that would rather be small than know atomic instructions: scripts/small-parts.mjs puts it for `atomic-immediates.ts`. */
const none = () => ({});

export { none as readAtomic, none as readAtomicImmediates };
