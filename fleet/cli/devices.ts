/**
 * What really hangs on a machine with Linux, by the files and programs that it has: hosts by TCP, a sensor of climate and pins by sysfs, wires by
 * i2c-tools, a camera by a program that writes a JPEG to its output. What is not there is no permission of this device; what fails is a trap.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { RuntimeError } from 'tswasm';
import {
  type Camera,
  type Climate,
  type Devices,
  type Network,
  type Pins,
  simulatedDevices,
  type Wires,
} from '../agent/host/devices';
import { UsageError } from './options';

/** Milliseconds after which a host does not answer. */
const PING = 2_000;
/** The same of a program: a camera has to measure the light first. */
const PROGRAM = 10_000;
/** Bytes of an image. */
const MAX_IMAGE = 32 * 1024 * 1024;

export interface RealOptions {
  /** Where the kernel shows what there is. */
  readonly sys?: string;
  readonly i2ctransfer?: string;
  /** The bus that the wires are, such as 1 for /dev/i2c-1. */
  readonly i2c?: number | undefined;
  /** A program and its arguments. */
  readonly camera?: string | undefined;
}

export function devicesOf(kind: string | undefined, options: RealOptions): Devices {
  if (kind === 'real') return realDevices(options);
  if (kind !== undefined && kind !== 'simulated') throw new UsageError('--devices is real or simulated');
  if (options.i2c !== undefined || options.camera !== undefined)
    throw new UsageError('--i2c and --camera are for --devices real');
  return simulatedDevices();
}

export function realDevices(options: RealOptions = {}): Devices {
  const { sys = '/sys', i2ctransfer = 'i2ctransfer', i2c, camera } = options;
  const sensor = sensorIn(path.join(sys, 'bus/iio/devices'));
  const pins = path.join(sys, 'class/gpio');
  return {
    network,
    ...(sensor !== undefined && { dht: climate(sensor) }),
    ...(existsSync(path.join(pins, 'export')) && { gpio: gpio(pins) }),
    ...(i2c !== undefined && { i2c: wires(i2ctransfer, i2c) }),
    ...(camera !== undefined && { camera: photographer(camera) }),
  };
}

function failed(what: string, error: unknown): never {
  throw new RuntimeError(`${what}: ${error instanceof Error ? error.message : error}`);
}

/** A connection is made and ended: who refuses it has answered, too. */
const network: Network = {
  ping: (address, port) =>
    new Promise((resolve) => {
      if (port < 1 || port > 65_535) return resolve(-1);
      const start = performance.now();
      const socket = connect({ host: address, port, timeout: PING });
      const end = (isThere: boolean) => () => {
        socket.destroy();
        resolve(isThere ? performance.now() - start : -1);
      };
      socket.on('connect', end(true));
      socket.on('timeout', end(false));
      socket.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED')());
    }),
};

const TEMPERATURE = 'in_temp_input';
const HUMIDITY = 'in_humidityrelative_input';

/** The folder of the first sensor that tells both. */
function sensorIn(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .sort()
    .map((one) => path.join(folder, one))
    .find((one) => [TEMPERATURE, HUMIDITY].every((file) => existsSync(path.join(one, file))));
}

function climate(sensor: string): Climate {
  /** The kernel tells thousandths. */
  const read = async (file: string): Promise<number> => {
    const text = await readFile(path.join(sensor, file), 'utf8').catch((error) => failed(file, error));
    return Number(text) / 1000;
  };
  return { temperature: () => read(TEMPERATURE), humidity: () => read(HUMIDITY) };
}

function gpio(folder: string): Pins {
  /** The pin's folder, which the kernel makes when it is asked for it. */
  const placeOf = async (pin: number): Promise<string> => {
    const place = path.join(folder, `gpio${pin}`);
    if (!existsSync(place)) await writeFile(path.join(folder, 'export'), String(pin));
    return place;
  };
  return {
    read: async (pin) => {
      try {
        return (await readFile(path.join(await placeOf(pin), 'value'), 'utf8')).trim() === '1';
      } catch (error) {
        return failed(`pin ${pin}`, error);
      }
    },
    // As an output that begins with this level.
    write: async (pin, on) => {
      try {
        await writeFile(path.join(await placeOf(pin), 'direction'), on ? 'high' : 'low');
      } catch (error) {
        failed(`pin ${pin}`, error);
      }
    },
  };
}

/** What a program writes to its output. */
function outputOf(program: string, args: readonly string[], maxBuffer: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'buffer', maxBuffer, timeout: PROGRAM } as const;
    execFile(program, [...args], options, (error, output, said) => {
      if (error === null) resolve(output);
      else reject(new RuntimeError(`${program}: ${said.toString().trim() || error.message}`));
    });
  });
}

function wires(program: string, bus: number): Wires {
  const transfer = (...message: string[]) => outputOf(program, ['-y', String(bus), ...message], 64 * 1024);
  return {
    // `0x1a 0x00 ...`
    read: async (address, length) => {
      const text = (await transfer(`r${length}@${address}`)).toString().trim();
      return Uint8Array.from(text.split(/\s+/), Number);
    },
    write: async (address, bytes) => {
      await transfer(`w${bytes.length}@${address}`, ...Array.from(bytes, String));
    },
  };
}

function photographer(command: string): Camera {
  const [program, ...args] = command.split(' ').filter(Boolean);
  if (program === undefined) throw new UsageError('--camera takes a program that writes a JPEG');
  return { takeImage: () => outputOf(program, args, MAX_IMAGE) };
}
