/** Shorter forms of a module do what it did, and take less text. */
import { expect, it } from 'vitest';
import { shortest } from './smaller.mjs';

const SOURCE = `
export class Point {
  #key = 'coordinates';
  x;
  constructor(x, y) { this.x = x; this.y = y; this.sum = x + y; this.kind = 'coordinates'; }
  static of(x) { return new this(x, x); }
  swapped() { return () => { const { x } = this; this.x = this.y; this.y = x; return [this.x, this.y, this.kind === this.#key]; }; }
}
export class Named extends Point {
  constructor(name) { super(4294967296, 4294967296); this.name = name; this.label = name; this.text = name; this.kind = 'named coordinates'; }
}
export class Late extends Point {
  constructor(name) { const of = name ?? 'coordinates'; super(1, 2); this.name = of; this.label = of; this.text = of; this.also = of; }
}
export function kindOf(value) {
  if (value === undefined) return void 0;
  switch (typeof value) {
    case 'coordinates': return 'coordinates';
    case 'number': return value === 4294967296 ? 'coordinates' : { coordinates: 4294967296, 'a key': void 0 };
    default: return [value, 'coordinates', 4294967296, void 0];
  }
}
function* counted() { yield 4294967296; yield 'coordinates'; yield void 0; }
export const list = () => [...counted(), later()];
function later() { return 'coordinates'; }
`;

/** What the module says of itself. */
async function saysOf(text: string): Promise<unknown> {
  const { Point, Named, Late, kindOf, list } = await import(
    `data:text/javascript,${encodeURIComponent(text)}`
  );
  const points = [new Point(1, 2), Point.of(3), new Named('n'), new Late()];
  const swapped = points.map((point) => point.swapped()());
  return [points, swapped, kindOf(), kindOf(1), kindOf(4294967296), kindOf('x'), list()];
}

it.each([false, true])('do the same, with variables: %s', async (variables) => {
  const short = await shortest(SOURCE, { variables });
  expect(await saysOf(short)).toEqual(await saysOf(SOURCE));
});

it('have a variable where it is less text', async () => {
  const short = await shortest(SOURCE, { variables: true });
  expect(short.match(/"coordinates"/g)).toHaveLength(1);
  expect(short.match(/4294967296/g)).toHaveLength(1);
  expect(short.match(/"named coordinates"/g)).toHaveLength(1);
  // Where it is not first, `super` makes it anywhere.
  expect(short.match(/this/g)!.length).toBeLessThan(SOURCE.match(/\bthis\b/g)!.length / 2);
  expect(short.length).toBeLessThan((await shortest(SOURCE)).length);
});
