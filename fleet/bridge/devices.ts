/** The devices of an agent, as a guest in an engine beside it has them: over the wire. */
import type { Devices } from '../agent/host/devices';
import { FleetError } from '../protocol/errors';
import type { Message } from './frames';
import { deviceOf } from './messages';
import type { Reply, Wire } from './wire';

export type DeviceName = keyof Devices;

const value = async (asked: Promise<Message>): Promise<number> => Number((await asked).head['value']);
const bytesOf = async (asked: Promise<Message>): Promise<Uint8Array> => (await asked).bytes;

/** In the engine. */
export function devicesAfar(names: readonly DeviceName[], wire: Wire): Devices {
  const ask = (name: string, args: readonly unknown[] = [], bytes?: Uint8Array) =>
    wire.ask({ kind: 'device', name, args }, bytes);
  const all: Required<Devices> = {
    camera: { takeImage: () => bytesOf(ask('camera.takeImage')) },
    dht: {
      temperature: () => value(ask('dht.temperature')),
      humidity: () => value(ask('dht.humidity')),
    },
    network: { ping: (address, port) => value(ask('network.ping', [address, port])) },
    gpio: {
      read: async (pin) => (await value(ask('gpio.read', [pin]))) !== 0,
      write: async (pin, on) => {
        await ask('gpio.write', [pin, on]);
      },
    },
    i2c: {
      read: (address, length) => bytesOf(ask('i2c.read', [address, length])),
      write: async (address, bytes) => {
        await ask('i2c.write', [address], bytes);
      },
    },
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name as DeviceName)));
}

/** At the agent. */
export async function useDevice(devices: Devices, { head, bytes }: Message): Promise<Reply> {
  const { name, args } = deviceOf(head, 'device');
  const [first, second] = args;
  const { camera, dht, network, gpio, i2c } = devices;
  const rows: Readonly<Record<string, (() => Promise<Reply>) | undefined>> = {
    'camera.takeImage': camera && (async () => ({ bytes: await camera.takeImage() })),
    'dht.temperature': dht && (async () => ({ head: { value: await dht.temperature() } })),
    'dht.humidity': dht && (async () => ({ head: { value: await dht.humidity() } })),
    'network.ping':
      network && (async () => ({ head: { value: await network.ping(String(first), Number(second)) } })),
    'gpio.read': gpio && (async () => ({ head: { value: (await gpio.read(Number(first))) ? 1 : 0 } })),
    'gpio.write':
      gpio &&
      (async () => {
        await gpio.write(Number(first), second === true);
        return {};
      }),
    'i2c.read': i2c && (async () => ({ bytes: await i2c.read(Number(first), Number(second)) })),
    'i2c.write':
      i2c &&
      (async () => {
        await i2c.write(Number(first), bytes);
        return {};
      }),
  };
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (row === undefined) throw new FleetError('capability-missing', `this device has no ${name}`);
  return row();
}
