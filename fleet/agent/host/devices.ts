/**
 * What may hang on a device, each behind an interface: the real thing on the device, a simulated one elsewhere. Everything may take its time;
 * the guest waits.
 */
import { PERMISSIONS, type Permission } from '../../protocol/deployment';

export interface Camera {
  /** A JPEG image. */
  takeImage(): Promise<Uint8Array>;
}
export interface Climate {
  /** Degrees Celsius. */
  temperature(): Promise<number>;
  /** Percent. */
  humidity(): Promise<number>;
}
export interface Network {
  /** Milliseconds to a host and back; negative when it does not answer. */
  ping(address: string, port: number): Promise<number>;
}
export interface Pins {
  read(pin: number): Promise<boolean>;
  write(pin: number, on: boolean): Promise<void>;
}
export interface Wires {
  read(address: number, length: number): Promise<Uint8Array>;
  write(address: number, bytes: Uint8Array): Promise<void>;
}

export interface Devices {
  readonly camera?: Camera;
  readonly dht?: Climate;
  readonly network?: Network;
  readonly gpio?: Pins;
  readonly i2c?: Wires;
}

/** What may be permitted to executions here. */
export function permissionsOf(devices: Devices, models: readonly unknown[]): Permission[] {
  const has: Readonly<Record<Permission, boolean>> = {
    sys: true,
    communication: true,
    camera: devices.camera !== undefined,
    dht: devices.dht !== undefined,
    network: devices.network !== undefined,
    gpio: devices.gpio !== undefined,
    i2c: devices.i2c !== undefined,
    nn: models.length > 0,
  };
  return PERMISSIONS.filter((one) => has[one]);
}

/** The smallest JPEG that decoders take: one grey pixel. */
const GREY_PIXEL =
  'ffd8ffe000104a46494600010100000100010000ffdb004300' +
  '03020202020203020202030303030406040404040408060605060908' +
  '0a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f101011100a0c12' +
  '131210130f101010ffc9000b080001000101011100ffcc000600101005' +
  'ffda0008010100003f00d2cf20ffd9';

/** Devices that are made up, and the same on each run: for demos and tests. */
export function simulatedDevices(): Required<Devices> {
  const pins = new Map<number, boolean>();
  const registers = new Map<number, Uint8Array>();
  let readings = 0;
  return {
    camera: {
      takeImage: async () => Uint8Array.from(GREY_PIXEL.match(/../g)!, (pair) => Number.parseInt(pair, 16)),
    },
    dht: {
      temperature: async () => 20 + (readings++ % 10) / 4,
      humidity: async () => 40 + (readings++ % 10) / 2,
    },
    network: { ping: async () => 1 },
    gpio: {
      read: async (pin) => pins.get(pin) ?? false,
      write: async (pin, on) => {
        pins.set(pin, on);
      },
    },
    i2c: {
      read: async (address, length) => (registers.get(address) ?? new Uint8Array(length)).slice(0, length),
      write: async (address, bytes) => {
        registers.set(address, bytes);
      },
    },
  };
}
