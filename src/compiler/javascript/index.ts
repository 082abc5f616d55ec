/** The JavaScript tier: lowered code as text that the host evaluates. */
export type { Evaluate } from './instance';
export { JavaScriptTier } from './tier';
