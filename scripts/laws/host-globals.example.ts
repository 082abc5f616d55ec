/** What the host-global law must find. The file is only parsed, and is in no build. */
export async function everythingForbidden(view: DataView): Promise<unknown[]> {
  const wanted = 'node:fs';
  // biome-ignore lint/complexity/noBannedTypes: as a type, it is allowed
  const named: Function = () => BigInt(1);
  return [
    process.pid,
    Buffer.alloc(1),
    console,
    Date.now(),
    new TextDecoder(),
    performance.now(),
    setTimeout,
    globalThis,
    new Function('return 1'),
    Math.random(),
    view.getBigInt64(0),
    10n,
    import.meta,
    import(wanted),
    named as unknown as bigint,
  ];
}

/** And what it must not: a property, a parameter or a declaration that only shares a name with a host's global. */
export function nothingForbidden(process: { console: number; Date: number }): number {
  const performance = { now: process.Date };
  return performance.now + process.console;
}
