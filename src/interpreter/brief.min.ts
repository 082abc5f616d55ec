/** For `brief.ts` in bundles without a tier that takes arguments as JavaScript has them. */
import type { MadeCall } from './brief';

export const makeBriefly = (): MadeCall | undefined => undefined;
