/**
 * A move of a guest that nobody has, from this thread to this thread, before there are others: what a first move loads and reads over (60 ms of it where the
 * guest arrives, 8 ms where it leaves) is no part of the first pause.
 */
import { Module } from 'tswasm';
import type { WasiHost } from 'tswasm/wasi';
import { executionSpec } from '../protocol/deployment';
import type { Turn } from './guest';
import { limitedStream } from './output';
import { Rate } from './rate';
import { type GuestSetting, StoreGuest } from './store-guest';

/** `run` writes into its memory and counts to 1000, by a call for each. */
const COUNTER =
  'AGFzbQEAAAABCQJgAX8Bf2AAAAMDAgABBQMBAAEHBwEDcnVuAAEKJAIOAEEIIAA2AgAgAEEBagsTAQF/A0AgABAAIgBB6AdJDQALCw==';
const ROOM = 1024 * 1024;
/** Fuel after which it stands in the middle of its call. */
const HALF = 500;

/** Gives how the guest's call has ended where it has arrived. */
export function rehearse(wasiHost: WasiHost, now: () => number): Turn {
  const module = Module.decode(Uint8Array.from(atob(COUNTER), (letter) => letter.charCodeAt(0)));
  const named = { name: 'counter', digest: '0'.repeat(64) };
  const setting: GuestSetting = {
    spec: executionSpec({ name: 'rehearsal', modules: [named], files: [], permissions: [] }, 'rehearsal'),
    modules: [module],
    wasiHost,
    output: limitedStream(new Rate(1, now), () => undefined),
    companions: [],
    functions: () => undefined,
    admit: () => undefined,
    now,
  };
  const guest = StoreGuest.fresh(setting, new Map());
  guest.begin({ key: '', function: 'run', args: [] });
  guest.run(HALF, Number.POSITIVE_INFINITY);
  const leaving = guest.depart();
  const arriving = StoreGuest.arriving(setting, leaving.opening() as Uint8Array);
  arriving.take(leaving.next(ROOM) as Uint8Array);
  guest.run(1, Number.POSITIVE_INFINITY);
  arriving.arrive(leaving.last() as Uint8Array);
  guest.dispose();
  const turn = arriving.run(ROOM, Number.POSITIVE_INFINITY);
  arriving.dispose();
  return turn;
}
