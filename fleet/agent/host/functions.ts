/** The host functions of the papers' supervisors, and pins and wires: one row each, with the permission that it needs. */
import {
  Execution,
  F32,
  Func,
  type FuncType,
  type HostCall,
  type HostCallback,
  I32,
  RuntimeError,
  type ValType,
} from 'tswasm';
import type { Permission } from '../../protocol/deployment';
import type { HostFunction, HostFunctions } from '../store-guest';
import type { Clock } from '../world';
import type { Devices } from './devices';
import { bytesAt, putBytes, putU32, textAt, u32At } from './memory';

/** What the functions act on: one execution on its device. */
export interface Place {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly devices: Devices;
  print(text: string): void;
  /** Calls a function of another execution; the answer is not waited for. */
  rpc(target: string, data: Uint8Array): Promise<void>;
}

interface Row {
  readonly permission: Permission;
  readonly type: FuncType;
  /** Whether the device has what it needs. */
  readonly has: (devices: Devices) => boolean;
  readonly make: (place: Place) => HostCallback;
}

const always = (): boolean => true;
const type = (params: number, results: readonly ValType[] = []): FuncType => ({
  params: Array<ValType>(params).fill(I32),
  results: [...results],
});

/** Milliseconds that `sys.delay` may wait at a time. */
const MAX_DELAY = 24 * 3600 * 1000;
/** Fuel of a call of the guest's `alloc`: a thousand times what allocators take. */
const ALLOC_FUEL = 1_000_000;

/** Bytes of a message on the wires: what Linux takes. */
const MAX_WIRE = 8192;

/** Every host function, by the module and the name under which guests import it. */
const ROWS: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  sys: {
    millis: {
      permission: 'sys',
      type: type(0, [I32]),
      has: always,
      make:
        ({ clock }) =>
        (call) =>
          call.setI32(0, Math.floor(clock.now()) | 0),
    },
    delay: {
      permission: 'sys',
      type: type(1),
      has: always,
      make:
        ({ clock }) =>
        (call) => {
          const wait = Math.min(Math.max(call.i32(0), 0), MAX_DELAY);
          return new Promise<void>((resolve) => {
            clock.after(wait, resolve);
          });
        },
    },
    print: { permission: 'sys', type: type(2), has: always, make: printing('') },
    println: { permission: 'sys', type: type(2), has: always, make: printing('\n') },
    printInt: {
      permission: 'sys',
      type: type(1),
      has: always,
      make: (place) => (call) => place.print(String(call.i32(0))),
    },
  },
  communication: {
    rpcCall: {
      permission: 'communication',
      type: type(4),
      has: always,
      make: (place) => (call) =>
        place.rpc(textAt(call, call.u32(0), call.u32(1)), bytesAt(call, call.u32(2), call.u32(3))),
    },
  },
  camera: {
    takeImageDynamicSize: {
      permission: 'camera',
      type: type(2),
      has: ({ camera }) => camera !== undefined,
      make:
        ({ devices }) =>
        async (call) => {
          const image = await devices.camera!.takeImage();
          const at = allocate(call, image.length);
          putBytes(call, at, image);
          putU32(call, call.u32(0), at);
          putU32(call, call.u32(1), image.length);
        },
    },
    takeImageStaticSize: {
      permission: 'camera',
      type: type(2),
      has: ({ camera }) => camera !== undefined,
      make:
        ({ devices }) =>
        async (call) => {
          const room = u32At(call, call.u32(1));
          const image = await devices.camera!.takeImage();
          if (image.length > room)
            throw new RuntimeError(`the image has ${image.length} bytes, and there is room for ${room}`);
          putBytes(call, call.u32(0), image);
          putU32(call, call.u32(1), image.length);
        },
    },
  },
  dht: {
    getTemperature: {
      permission: 'dht',
      type: type(0, [F32]),
      has: ({ dht }) => dht !== undefined,
      make:
        ({ devices }) =>
        async (call) =>
          call.setF32(0, await devices.dht!.temperature()),
    },
    getHumidity: {
      permission: 'dht',
      type: type(0, [F32]),
      has: ({ dht }) => dht !== undefined,
      make:
        ({ devices }) =>
        async (call) =>
          call.setF32(0, await devices.dht!.humidity()),
    },
  },
  network: {
    ping: {
      permission: 'network',
      type: type(4, [F32]),
      has: ({ network }) => network !== undefined,
      make:
        ({ devices }) =>
        async (call) => {
          const address = textAt(call, call.u32(0), call.u32(1));
          call.setF32(0, await devices.network!.ping(address, call.u32(2)));
        },
    },
  },
  gpio: {
    read: {
      permission: 'gpio',
      type: type(1, [I32]),
      has: ({ gpio }) => gpio !== undefined,
      make:
        ({ devices }) =>
        async (call) =>
          call.setI32(0, (await devices.gpio!.read(call.u32(0))) ? 1 : 0),
    },
    write: {
      permission: 'gpio',
      type: type(2),
      has: ({ gpio }) => gpio !== undefined,
      make:
        ({ devices }) =>
        (call) =>
          devices.gpio!.write(call.u32(0), call.i32(1) !== 0),
    },
  },
  i2c: {
    read: {
      permission: 'i2c',
      type: type(3),
      has: ({ i2c }) => i2c !== undefined,
      make:
        ({ devices }) =>
        async (call) => {
          const length = wireLength(call.u32(2));
          const bytes = await devices.i2c!.read(call.u32(0), length);
          putBytes(call, call.u32(1), bytes.subarray(0, length));
        },
    },
    write: {
      permission: 'i2c',
      type: type(3),
      has: ({ i2c }) => i2c !== undefined,
      make:
        ({ devices }) =>
        (call) =>
          devices.i2c!.write(call.u32(0), bytesAt(call, call.u32(1), wireLength(call.u32(2)))),
    },
  },
};

function wireLength(length: number): number {
  if (length < 1 || length > MAX_WIRE)
    throw new RuntimeError(`${length} bytes on the wires, and at most ${MAX_WIRE} go at once`);
  return length;
}

function printing(end: string): Row['make'] {
  return (place) => (call) => place.print(textAt(call, call.u32(0), call.u32(1)) + end);
}

/** Room in the guest's memory, by the function that it exports for that. */
function allocate(call: HostCall, size: number): number {
  const alloc = call.instance?.exports.get('alloc');
  if (!(alloc instanceof Func)) throw new RuntimeError('the module exports no function "alloc"');
  const outcome = new Execution(alloc, [size]).run({ fuel: ALLOC_FUEL });
  if (outcome.kind !== 'done') throw new RuntimeError(`the guest's "alloc" has not come to an end`);
  const [result] = outcome.results;
  if (result === undefined || !('lo' in result))
    throw new RuntimeError(`the guest's "alloc" gives no address`);
  return result.lo >>> 0;
}

/** The functions that a deployment permits, and the device has. */
export function permittedFunctions(permissions: readonly Permission[], place: Place): HostFunctions {
  return (module, name): HostFunction | undefined => {
    const family = Object.hasOwn(ROWS, module) ? ROWS[module] : undefined;
    const row = family !== undefined && Object.hasOwn(family, name) ? family[name] : undefined;
    if (row === undefined || !permissions.includes(row.permission) || !row.has(place.devices))
      return undefined;
    return { type: row.type, callback: row.make(place) };
  };
}

/** Names of all that a device can give: what the papers' descriptions call supervisor interfaces. */
export function interfaceNames(devices: Devices): string[] {
  return Object.values(ROWS).flatMap((family) =>
    Object.entries(family)
      .filter(([, row]) => row.has(devices))
      .map(([name]) => name),
  );
}

/** The permission that an import needs: undefined when it is no function of a device. */
export function permissionOf(module: string, name: string): Permission | undefined {
  return Object.hasOwn(ROWS, module) && Object.hasOwn(ROWS[module], name)
    ? ROWS[module][name].permission
    : undefined;
}
