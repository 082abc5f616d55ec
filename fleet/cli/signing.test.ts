import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { assemble, STATEFUL } from '../testing/modules';
import { SIGNING, signersIn } from './signing';

const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-signing-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => path.join(folder, name);

describe('signing on the command line', () => {
  it('makes keys, signs with them, and knows the signer by the public one', async () => {
    for (const name of ['alice', 'bob']) await SIGNING['signer'].run(file(name), {});
    expect(statSync(file('alice.key')).mode & 0o777).toBe(0o600);
    writeFileSync(file('m.wasm'), await assemble(STATEFUL));
    await SIGNING['sign'].run(file('m.wasm'), { key: file('alice.key'), out: file('signed.wasm') });
    const signers = await signersIn(`${file('bob.pub')},${file('alice.pub')}`);
    expect(await signers!.check(readFileSync(file('signed.wasm')), 'm')).toEqual(['alice']);
    await expect(signers!.check(readFileSync(file('m.wasm')), 'm')).rejects.toThrow('none of bob, alice');
    expect(await signersIn(undefined)).toBeUndefined();
  });

  it('writes over no keys, and says what it lacks', async () => {
    await SIGNING['signer'].run(file('carol'), {});
    await expect(SIGNING['signer'].run(file('carol'), {})).rejects.toThrow('EEXIST');
    await expect(SIGNING['sign'].run(file('m.wasm'), {})).rejects.toThrow('needs a --key');
    await expect(signersIn(file('carol.key'))).rejects.toThrow('is no public Ed25519 key');
    await expect(signersIn(file('nobody.pub'))).rejects.toThrow('ENOENT');
  });
});
