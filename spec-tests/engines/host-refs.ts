/** The host objects behind `ref.extern n`: one object for each n, so that identity is equality. */
export class HostRef {
  constructor(readonly n: number) {}
}
const refs = new Map<number, HostRef>();

export function hostRef(n: number): HostRef {
  let ref = refs.get(n);
  if (!ref) {
    ref = new HostRef(n);
    refs.set(n, ref);
  }
  return ref;
}
