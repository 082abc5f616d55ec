/**
 * How executions fail: what a host's exception or rejection becomes. Hosts may be hostile: nothing may be asked of what they throw that they
 * could answer with another exception.
 */
import { printable, RuntimeError, TRAP_MESSAGES, trap } from '../errors';
import type { Func } from '../runtime';

/** The trap that a rejected promise of a host function becomes. */
export function rejected(func: Func, reason: unknown): RuntimeError {
  let detail = '';
  try {
    detail = printable(reason instanceof Error ? reason.message : String(reason));
  } catch {
    // A reason that cannot even be asked for its text.
  }
  return new RuntimeError(
    `${TRAP_MESSAGES.hostRejected}: ${printable(func.name ?? '')} ${detail}`,
    { cause: reason },
    'hostRejected',
  );
}

/** The trap that an exception is or becomes; undefined for the host's own. A proxy may answer any question with another exception. */
export function trapOf(error: unknown): RuntimeError | undefined {
  try {
    if (error instanceof RuntimeError) return error.code === undefined ? undefined : error;
    return isStackOverflow(error) ? trap('callStackExhausted', -1) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * V8 and JavaScriptCore throw a RangeError, SpiderMonkey and QuickJS an InternalError, when the host's stack is used up. A V8 that compiles a
 * regular expression then throws a SyntaxError. No regular expression here, for the same reason.
 */
function isStackOverflow(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, message } = error;
  if (name === 'SyntaxError')
    return message.startsWith('Invalid regular expression') && message.endsWith('Stack overflow');
  return (
    (name === 'RangeError' || name === 'InternalError') && OVERFLOWS.some((text) => message.includes(text))
  );
}
const OVERFLOWS = ['call stack', 'stack overflow', 'too much recursion'];
