/** Seeded damage to a binary. Half of it keeps the section sizes right, so that it gets past the outermost checks. */
import { u32 } from '../binary';
import type { Random } from '../differential/random';

interface Section {
  readonly id: number;
  readonly body: number[];
}

/** Sections of a well-formed module. */
function split(bytes: Uint8Array): Section[] {
  const sections: Section[] = [];
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    sections.push({ id, body: [...bytes.subarray(at, at + size)] });
    at += size;
  }
  return sections;
}

function join(sections: readonly Section[]): number[] {
  const parts = sections.map(({ id, body }) => [id, ...u32(body.length), ...body]);
  return [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...parts.flat()];
}

const NASTY = [
  0x00, 0x01, 0x0b, 0x40, 0x5f, 0x60, 0x6f, 0x70, 0x7b, 0x7f, 0x80, 0x81, 0xc0, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
];

/** Changes some bytes in place. */
function damage(random: Random, bytes: number[]): void {
  const at = random.below(bytes.length + 1);
  const length = random.weighted([
    [6, 1],
    [3, random.between(1, 6)],
    [1, random.between(1, 200)],
  ]);
  switch (random.below(8)) {
    case 0:
      bytes[Math.min(at, bytes.length - 1)] ^= 1 << random.below(8);
      return;
    case 1:
      bytes[Math.min(at, bytes.length - 1)] = random.pick(NASTY);
      return;
    case 2:
      bytes[Math.min(at, bytes.length - 1)] = random.below(256);
      return;
    case 3:
      bytes.splice(at, length);
      return;
    case 4:
      bytes.splice(at, 0, ...Array.from({ length }, () => random.pick(NASTY)));
      return;
    case 5: {
      const from = random.below(bytes.length + 1);
      bytes.splice(at, random.chance(50) ? 0 : length, ...bytes.slice(from, from + length));
      return;
    }
    case 6:
      // A count, index or size that claims far too much; also over-long and too large LEB128.
      bytes.splice(
        at,
        1,
        ...random.pick([
          [0xff, 0xff, 0xff, 0xff, 0x0f],
          [0xff, 0xff, 0xff, 0xff, 0x7f],
          [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
          [0xf0, 0xff, 0x7f],
        ]),
      );
      return;
    default:
      bytes[Math.min(at, bytes.length - 1)] =
        (bytes[Math.min(at, bytes.length - 1)] + random.pick([1, 255])) & 0xff;
  }
}

function damageSections(random: Random, sections: Section[]): void {
  const kind = random.below(12);
  const at = random.below(sections.length);
  if (kind === 0) sections.splice(at, 1);
  else if (kind === 1) sections.splice(random.below(sections.length), 0, sections[at]);
  else if (kind === 2) sections.push(...sections.splice(at, 1));
  else if (sections[at].body.length > 0) damage(random, sections[at].body);
}

/** A damaged copy. */
export function mutate(random: Random, original: Uint8Array): Uint8Array {
  const times = random.pick([1, 1, 1, 2, 4]);
  if (random.chance(35)) {
    const bytes = [...original];
    for (let n = times; n > 0 && bytes.length > 0; n--) damage(random, bytes);
    if (random.chance(10)) bytes.length = random.below(bytes.length + 1);
    return Uint8Array.from(bytes);
  }
  const sections = split(original);
  for (let n = times; n > 0 && sections.length > 0; n--) damageSections(random, sections);
  return Uint8Array.from(join(sections));
}
