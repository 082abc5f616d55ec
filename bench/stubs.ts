/** Stand-ins for what a module imports: start-up alone calls none of them. */
import type { ImportStub, Namespace } from './protocol.ts';

function stubFor(api: Namespace, stub: ImportStub): unknown {
  const limits = {
    initial: stub.initial ?? 0,
    ...(stub.maximum !== undefined && { maximum: stub.maximum }),
  };
  if (stub.kind === 'memory') return new api.Memory(limits);
  if (stub.kind === 'table') return new api.Table({ element: 'anyfunc', ...limits });
  if (stub.kind === 'global') {
    const zero = stub.value === 'i64' ? 0n : 0;
    return new api.Global({ value: stub.value!, mutable: stub.mutable! }, zero);
  }
  return () => 0;
}

export function importsOf(
  api: Namespace,
  stubs: readonly ImportStub[],
): Record<string, Record<string, unknown>> {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const stub of stubs) {
    imports[stub.module] = { ...imports[stub.module], [stub.name]: stubFor(api, stub) };
  }
  return imports;
}

/** For a module of the host's that imports functions alone. */
export function functionStubs(module: object): Record<string, Record<string, () => number>> {
  const { Module } = (globalThis as unknown as { WebAssembly: { Module: HostModule } }).WebAssembly;
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module: from, name } of Module.imports(module))
    imports[from] = { ...imports[from], [name]: () => 0 };
  return imports;
}
interface HostModule {
  imports(module: object): { module: string; name: string }[];
}
