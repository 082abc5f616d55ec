/** A journey: a program stopped at random safepoints, and each time moved to the next engine. */
import { isDeepStrictEqual } from 'node:util';
import { askFresh, type EngineCommand } from './engines';
import type { LegReply, LegRequest } from './wire';

export interface Journey {
  readonly engines: readonly EngineCommand[];
  /** How often the program is stopped and moved. */
  readonly stops: number;
  readonly seed: number;
  /** Of every so many legs, all engines make the one in the middle, and must give the same snapshot. */
  readonly compareEvery: number;
  /** Who makes a leg; left out: a fresh process. */
  readonly ask?: (engine: EngineCommand, request: LegRequest) => Promise<LegReply>;
}

export interface Travelled {
  readonly ending: LegReply;
  /** Safepoints passed on all legs together. */
  readonly fuelUsed: number;
  readonly stops: number;
  readonly waits: number;
  readonly compared: number;
  readonly largestSnapshot: number;
}

/** A seeded random source: numbers from 0 to 1. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `total`: the safepoints that the program passes when nobody stops it. */
export async function travel(
  program: Pick<LegRequest, 'module' | 'entry' | 'args'>,
  total: number,
  journey: Journey,
): Promise<Travelled> {
  const random = randomFrom(journey.seed);
  const { ask = askFresh } = journey;
  let [stops, waits, compared, fuelUsed, largestSnapshot] = [0, 0, 0, 0, 0];
  let snapshot: string | undefined;
  for (;;) {
    const left = journey.stops - stops;
    const request: LegRequest = {
      kind: 'leg',
      ...program,
      ...(snapshot !== undefined && { snapshot }),
      ...(left > 0 && { fuel: nextStop(total - fuelUsed, left, random), stopInWait: random() < 0.5 }),
    };
    const compares = stops % journey.compareEvery === journey.compareEvery >> 1;
    const engine = journey.engines[stops % journey.engines.length];
    const reply = compares ? await agreed(request, journey.engines, ask) : await ask(engine, request);
    if (compares) compared++;
    if (reply.kind === 'trapped') return { ending: reply, fuelUsed, stops, waits, compared, largestSnapshot };
    fuelUsed += reply.fuelUsed;
    if (reply.kind === 'done') return { ending: reply, fuelUsed, stops, waits, compared, largestSnapshot };
    stops++;
    if (reply.state === 'waiting') waits++;
    snapshot = reply.snapshot;
    largestSnapshot = Math.max(largestSnapshot, snapshot.length / 2);
  }
}

/** Safepoints to the next stop: random, and so that there are enough left for the stops behind it. */
function nextStop(remaining: number, stops: number, random: () => number): number {
  const mean = remaining / (stops + 1);
  return Math.max(1, Math.min(1 + Math.floor(random() * 2 * (mean - 1)), remaining - stops));
}

/** The reply of every engine to the same request, which must be one. */
async function agreed(
  request: LegRequest,
  engines: readonly EngineCommand[],
  ask: NonNullable<Journey['ask']>,
): Promise<LegReply> {
  const replies: LegReply[] = [];
  for (const engine of engines) replies.push(await ask(engine, request));
  const [first] = replies;
  replies.forEach((reply, k) => {
    if (isDeepStrictEqual(reply, first)) return;
    const names = `${engines[0].name} and ${engines[k].name}`;
    throw new Error(`${names} differ: ${JSON.stringify(first)} and ${JSON.stringify(reply)}`);
  });
  return first;
}
