/** Guests in this thread: their modules, and what the device gives them. */
import { CompileError, Module } from 'tswasm';
import type { Companion, WasiHost } from 'tswasm/wasi';
import { FleetError } from '../protocol/errors';
import type { House, Owner } from './guest';
import type { Devices } from './host/devices';
import { permittedFunctions } from './host/functions';
import { limitedStream } from './output';
import { Rate } from './rate';
import { rehearse } from './rehearsal';
import { type GuestSetting, StoreGuest } from './store-guest';
import type { Clock } from './world';

export interface HouseOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly wasiHost: () => WasiHost;
  readonly devices: Devices;
  /** wasi-nn for one guest. */
  readonly models: (log: (text: string) => void) => Companion;
}

export class LocalHouse implements House {
  /** One module serves all its instances. */
  private readonly modules = new Map<string, Module>();

  constructor(private readonly options: HouseOptions) {}

  rehearse(): void {
    const { clock, wasiHost } = this.options;
    rehearse(wasiHost(), () => clock.now());
  }

  knows(digest: string): boolean {
    return this.modules.has(digest);
  }
  learn(digest: string, bytes: Uint8Array): void {
    try {
      this.modules.set(digest, Module.decode(bytes));
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      throw new FleetError('bad-request', `module ${digest}: ${error.message}`);
    }
  }

  fresh(owner: Owner, files: ReadonlyMap<string, Uint8Array>): StoreGuest {
    return StoreGuest.fresh(this.setting(owner), files);
  }
  revived(owner: Owner, snapshot: Uint8Array): StoreGuest {
    return StoreGuest.revived(this.setting(owner), snapshot);
  }
  arriving(owner: Owner, opening: Uint8Array): StoreGuest {
    return StoreGuest.arriving(this.setting(owner), opening);
  }

  private setting(owner: Owner): GuestSetting {
    const { clock, devices, models, wasiHost } = this.options;
    const { spec } = owner;
    const now = (): number => clock.now();
    const hostCalls = new Rate(spec.limits.hostCallsPerSecond, now);
    return {
      spec,
      modules: spec.modules.map((one) => this.module(one.digest)),
      wasiHost: wasiHost(),
      output: limitedStream(new Rate(spec.limits.outputBytesPerSecond, now), (bytes) => owner.write(bytes)),
      companions: spec.permissions.includes('nn') ? [models((text) => owner.log(text))] : [],
      functions: permittedFunctions(spec.permissions, {
        clock,
        devices,
        print: (text) => owner.print(text),
        rpc: (target, data) => owner.rpc(target, data),
      }),
      admit: () => {
        const wait = hostCalls.wait(1);
        hostCalls.take(1);
        if (wait === 0) return undefined;
        return new Promise<void>((resolve) => {
          clock.after(wait, resolve);
        });
      },
      now,
    };
  }

  private module(digest: string): Module {
    const found = this.modules.get(digest);
    if (found === undefined) throw new FleetError('module-unknown', `not here: ${digest}`);
    return found;
  }
}
