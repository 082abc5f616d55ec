/** The step at which a function is entered: its frame is paid for, takes its place, and its locals are cleared. */
import type { LoweredBody } from '../lowering';
import type { Code } from './code';
import type { Factory } from './factories';
import { charge, frameUnits } from './fuel';
import { stack } from './registers';
import type { Step } from './step';

/** From more words on, locals are cleared by the host's own `fill`. */
const MOST_CLEARED = 64;

/** The entry of code whose first block is `first`. */
export function entryStep(code: Code, body: LoweredBody, make: (name: string) => Factory, first: Step): Step {
  const { locals } = body;
  const [from, to] = [2 * locals.paramSlots, 2 * locals.slots];
  const filled = to - from > MOST_CLEARED;
  const captured: unknown[] = [code.size, from, filled ? from : to, first];
  if (!code.quiet) captured.unshift(code.entrySite);
  const plain = make(code.quiet ? 'enter/quiet' : 'enter')(...captured) as Step;
  const enter = filled ? filling(plain, from, to) : plain;
  return charged(body, body.usesRefs ? withRefs(body, enter) : enter);
}

/** A large frame is charged before its safepoint. */
function charged({ slots }: LoweredBody, enter: Step): Step {
  const units = frameUnits(slots);
  if (units === 0) return enter;
  return (fp) => {
    charge(units);
    return enter(fp);
  };
}

/** References: the parallel array covers the frame, and locals start as null. */
function withRefs({ slots, locals }: LoweredBody, enter: Step): Step {
  const { refs } = stack();
  const from = locals.paramSlots;
  const to = locals.slots;
  return (fp) => {
    const first = fp >> 1;
    for (let missing = first + slots - refs.length; missing > 0; missing--) refs.push(null);
    refs.fill(null, first + from, first + to);
    return enter(fp);
  };
}

/** Clears very many locals. A frame that has no room for them is refused behind it; above the top nothing lives. */
function filling(enter: Step, from: number, to: number): Step {
  const { ints } = stack();
  return (fp) => {
    ints.fill(0, fp + from, fp + to);
    return enter(fp);
  };
}
