/** Lines that are no good. */
import { generator } from './chaos';

/** Turns bits, loses bytes, one or many, and has noise on it: once in so many bytes each. */
export function bad(seed: number, once: number): (bytes: Uint8Array) => Uint8Array {
  const random = generator(seed);
  let lost = 0;
  return (bytes) => {
    const out: number[] = [];
    for (const byte of bytes) {
      if (lost > 0) lost--;
      else if (random(once) === 0) lost = random(4) === 0 ? random(1_000) : 1;
      else out.push(random(once) === 0 ? byte ^ (1 << random(8)) : byte);
      if (random(once) === 0) out.push(random(256));
    }
    return Uint8Array.from(out);
  };
}
