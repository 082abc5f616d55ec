/** Calls that somebody is told of. */
import type { Errno } from './abi';
import type { WasiOptions } from './context';
import { type GuestCall, s64Arg } from './guest';
import type { CallRow } from './table';

type Answer = ReturnType<CallRow['handler']>;
const NOTHING = new Uint8Array(0);

/** Handles a call, and tells `trace` of it when it ends, with the arguments that it had when it began. */
export function traced(
  { name, params }: CallRow,
  trace: WasiOptions['trace'],
  call: GuestCall,
  handle: () => Answer,
): Answer {
  if (trace === undefined) return handle();
  const args = Array.from(params, (letter, k) => (letter === 'I' ? s64Arg(call, k) : call.u32(k)));
  const { instance } = call;
  const tell = (errno: Errno | undefined) => {
    const memory = instance?.exports.get('memory');
    const bytes = memory instanceof Object && 'bytes' in memory ? (memory.bytes as Uint8Array) : NOTHING;
    trace(name, errno, { args, bytes });
  };
  let answer: Answer;
  try {
    answer = handle();
  } catch (error) {
    tell(undefined);
    throw error;
  }
  if (typeof answer === 'number') tell(answer);
  else answer.then(tell, () => tell(undefined));
  return answer;
}
