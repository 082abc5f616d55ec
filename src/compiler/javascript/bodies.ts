/** Lowered bodies, which the interpreter and this tier share. */
import type { ModuleData } from '../../decoder';
import { keepBody, keptBody, type LoweredBody, lower } from '../../lowering';

export function bodyOf(module: ModuleData, funcidx: number): LoweredBody {
  const kept = keptBody(module, funcidx);
  if (kept !== undefined) return kept;
  const body = lower(module, funcidx);
  keepBody(module, body);
  return body;
}
