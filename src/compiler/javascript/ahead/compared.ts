/** Loads and stores where what lies behind the end of a typed array cannot be relied on: addresses are compared with the length. */
import { type Place, TypedMemories, type Width } from '../memories';

export class ComparedMemories extends TypedMemories {
  protected override index(
    { base, constant, offset }: Place,
    { shift }: Width,
    more = 0,
  ): string | undefined {
    const mask = (1 << shift) - 1;
    if (constant !== undefined) {
      return (constant & mask) !== 0 ? undefined : `${Math.floor((constant + more) / 2 ** shift)}`;
    }
    const total = offset + more;
    const sum = total === 0 ? base : `${base}+${total}`;
    return `${sum}>>>${shift}`;
  }

  protected override slow(place: Place, { shift }: Width, bytes: number): string {
    const { base, zeros, constant, offset, memidx } = place;
    const length = this.expressions.uses.length(memidx);
    if (constant !== undefined) return `${length}<${constant + bytes}`;
    const far = `${base}>>>0>${length}-${offset + bytes}`;
    const mask = (1 << shift) - 1;
    if (shift <= zeros && (offset & mask) === 0) return far;
    const sum = (offset & mask) === 0 ? base : `(${base}+${offset})`;
    return `${far}||${sum}&${mask}`;
  }

  protected override present(view: string, index: string): string {
    return `${view}[${index}]`;
  }
  protected override check(): string {
    return '';
  }
}
