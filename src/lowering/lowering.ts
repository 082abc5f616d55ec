/**
 * Lowering: one walk over a validated function body makes its statements. Nothing is rejected here: validation has passed. It can be done
 * in slices, takes time and room in proportion to the body, and nests nothing on the host's stack.
 */
import type { ModuleData } from '../decoder';
import { readInstruction } from '../decoder/body';
import { skipImmediates } from '../decoder/immediates';
import { InternalError } from '../errors';
import { Builder } from './builder';
import type { Locals } from './frame';
import { HANDLERS } from './handlers';
import type { LoweredBody, Safepoint } from './statements';

export class Lowering {
  private readonly builder: Builder;

  constructor(module: ModuleData, funcidx: number) {
    this.builder = new Builder(module, funcidx);
  }

  get locals(): Locals {
    return this.builder.locals;
  }
  get entry(): Safepoint {
    return this.builder.entry;
  }
  /** What has been looked at so far: operands, statements, and instructions in them. */
  get work(): number {
    return this.builder.work;
  }

  /** Statements and expressions that it has made so far. */
  get size(): number {
    return this.builder.size;
  }

  /** Goes on for about so much work, an instruction being at least one. The body, when it is complete. */
  run(most: number): LoweredBody | undefined {
    const { builder } = this;
    const { reader, module } = builder;
    const end = this.work + most;
    for (let instructions = 0; !builder.isComplete; instructions++) {
      if (builder.work + instructions >= end) return undefined;
      builder.offset = reader.pos;
      const row = readInstruction(reader);
      if (builder.reached || builder.revives(row)) HANDLERS[row.op]!(builder, row);
      else skipImmediates(reader, row, module);
    }
    return builder.finish();
  }
}

/** Lowers a defined function of a validated module at once. */
export function lower(module: ModuleData, funcidx: number): LoweredBody {
  const body = new Lowering(module, funcidx).run(Number.POSITIVE_INFINITY);
  if (body === undefined) throw new InternalError('lowering stopped by itself');
  return body;
}
