/**
 * The views of a memory as functions are given them where the engine compiles what is hot. As long as a field of an object has only ever
 * had one value, engines may compile that value into code: here it is the address and the length of a memory. That they know by the
 * object's shape, so each of these has one of its own; and when the memory has grown, functions that are compiled from then on get another.
 */
import type { Views } from '../../runtime';
import type { View } from './uses';

/** Memories that go on growing get no more than so many: older functions follow each growth too. */
const MOST_HELD = 8;

type Held = Pick<Views, View> & { data: DataView };

class HeldViews {
  private readonly views: Views;
  private readonly all: Held[] = [];
  private isCurrent = false;

  constructor(views: Views) {
    this.views = views;
    const before = views.moved;
    views.moved = () => {
      before?.();
      this.isCurrent = false;
      for (const held of this.all) update(held, views);
    };
  }

  get current(): Held {
    if (!this.isCurrent && this.all.length < MOST_HELD) this.all.push(update(ofItsOwnShape(), this.views));
    this.isCurrent = true;
    return this.all[this.all.length - 1];
  }
}

/** Objects with different prototypes have different shapes. */
function ofItsOwnShape(): Partial<Held> {
  return Object.create({});
}

function update(held: Partial<Held>, { u8, u16, i32, f32, f64 }: Views): Held {
  const data = new DataView(u8.buffer, 0, u8.length);
  return Object.assign(held, { u8, u16, i32, f32, f64, data });
}

const known = new WeakMap<Views, HeldViews>();

export function heldViews(views: Views): Held {
  let held = known.get(views);
  if (held === undefined) {
    held = new HeldViews(views);
    known.set(views, held);
  }
  return held.current;
}
