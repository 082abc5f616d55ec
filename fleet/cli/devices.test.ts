import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { permissionsOf, simulatedDevices } from '../agent/host/devices';
import { assemble } from '../testing/modules';
import { newborn, specFor, testAgent } from '../testing/setup';
import { devicesOf, realDevices } from './devices';

let sys: string;
beforeEach(() => {
  sys = mkdtempSync(path.join(tmpdir(), 'tswasm-devices-'));
});
afterEach(() => rmSync(sys, { recursive: true }));

const put = (file: string, text: string) => {
  mkdirSync(path.dirname(path.join(sys, file)), { recursive: true });
  writeFileSync(path.join(sys, file), text);
};
function program(text: string): string {
  put('program', `#!/bin/sh\n${text}\n`);
  chmodSync(path.join(sys, 'program'), 0o755);
  return path.join(sys, 'program');
}

describe('real devices', () => {
  it('are those that there are', () => {
    expect(permissionsOf(realDevices({ sys }), [])).toEqual(['sys', 'communication', 'network']);
    expect(permissionsOf(devicesOf(undefined, {}), [])).toEqual(permissionsOf(simulatedDevices(), []));
    expect(() => devicesOf('false', {})).toThrow('--devices is real or simulated');
    expect(() => devicesOf(undefined, { i2c: 1 })).toThrow('are for --devices real');
  });

  it('reach hosts', async () => {
    const { ping } = realDevices({ sys }).network!;
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await ping('127.0.0.1', port)).toBeGreaterThanOrEqual(0);
    await new Promise((resolve) => server.close(resolve));
    // Who refuses is there.
    expect(await ping('127.0.0.1', port)).toBeGreaterThanOrEqual(0);
    expect(await ping('nobody.invalid', 80)).toBe(-1);
    expect(await ping('127.0.0.1', 70_000)).toBe(-1);
  });

  it('read the climate where a sensor tells it', async () => {
    put('bus/iio/devices/iio:device0/in_voltage0_raw', '7');
    put('bus/iio/devices/iio:device1/in_temp_input', '21500\n');
    put('bus/iio/devices/iio:device1/in_humidityrelative_input', '43200\n');
    const { dht } = realDevices({ sys });
    expect([await dht!.temperature(), await dht!.humidity()]).toEqual([21.5, 43.2]);
    rmSync(path.join(sys, 'bus'), { recursive: true });
    await expect(dht!.temperature()).rejects.toThrow('in_temp_input: ENOENT');
  });

  it('set and read pins', async () => {
    put('class/gpio/export', '');
    const { gpio } = realDevices({ sys });
    await expect(gpio!.read(4)).rejects.toThrow('pin 4: ENOENT');
    expect(readFileSync(path.join(sys, 'class/gpio/export'), 'utf8')).toBe('4');
    put('class/gpio/gpio4/value', '1\n');
    await gpio!.write(4, true);
    expect(readFileSync(path.join(sys, 'class/gpio/gpio4/direction'), 'utf8')).toBe('high');
    expect(await gpio!.read(4)).toBe(true);
  });

  it('send and take bytes on wires, and images', async () => {
    const echo = program('echo "$@" >"$0.told"; echo 0x1a 0x00 0xff');
    const { i2c, camera } = realDevices({ sys, i2c: 1, i2ctransfer: echo, camera: `${echo} -o -` });
    const told = () => readFileSync(`${echo}.told`, 'utf8').trim();
    expect(await i2c!.read(64, 3)).toEqual(Uint8Array.of(0x1a, 0, 0xff));
    expect(told()).toBe('-y 1 r3@64');
    await i2c!.write(64, Uint8Array.of(1, 255));
    expect(told()).toBe('-y 1 w2@64 1 255');
    expect((await camera!.takeImage()).length).toBe(15);
    expect(told()).toBe('-o -');
    program('echo no such bus >&2; exit 1');
    await expect(i2c!.read(64, 3)).rejects.toThrow('no such bus');
  });
});

it('a guest gets no more from the wires than goes over them at once', async () => {
  const agent = await testAgent('ash');
  const module = await assemble(`(module
    (import "i2c" "read" (func $read (param i32 i32 i32)))
    (memory (export "memory") 1)
    (func (export "read") (param i32) (result i32) (call $read (i32.const 1) (i32.const 0) (local.get 0)) (i32.const 7)))`);
  await agent.place(newborn(await specFor(agent, { module }, { permissions: ['i2c'] })));
  const read = (length: number) =>
    agent.call('test~main', { key: `k${length}`, function: 'read', args: [length] });
  expect(await read(8192)).toMatchObject({ results: [7] });
  for (const length of [8193, 0xffffffff, 0])
    expect(await read(length)).toMatchObject({ failure: expect.stringContaining('bytes on the wires') });
  agent.close();
});
