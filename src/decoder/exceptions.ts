/**
 * The rows of the instructions that throw and handle exceptions, of both generations: a part of THE instruction table (instructions.ts says
 * what the columns are) that a bundle can go without (scripts/small-parts.mjs).
 */
export const EXCEPTION_ROWS = [
  [0x06, 'try', '', 'block', 'legacyExceptions'],
  [0x07, 'catch', '', 'tag', 'legacyExceptions'],
  [0x08, 'throw', '', 'tag', 'exceptionHandling'],
  [0x09, 'rethrow', '', 'label', 'legacyExceptions'],
  [0x0a, 'throw_ref', '', 'none', 'exceptionHandling', 0, true],
  [0x18, 'delegate', '', 'label', 'legacyExceptions'],
  [0x19, 'catch_all', '', 'none', 'legacyExceptions'],
  [0x1f, 'try_table', '', 'tryTable', 'exceptionHandling'],
] as const;
