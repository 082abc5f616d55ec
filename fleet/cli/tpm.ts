/** The TPM of this machine, by tpm2-tools, and the file in which an orchestrator is told of a TPM's key. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { readJson } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import type { Quoter } from '../security/attestation';
import { hex } from '../security/digest';
import { type TpmPin, tpmPins } from '../security/tpm-keys';
import { readQuote } from '../security/tpm-quote';
import type { Files } from '../store/files';
import { Locks } from '../store/locks';

/** Milliseconds that a TPM may take for one command: those of PCs make a key in less than one second. */
const TIMEOUT = 20_000;
/** What the firmware and the boot loader measure (TCG PC Client Platform Firmware Profile). */
const BOOT = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const PIN_FILE = 'tpm.json';

/** A restricted signing key signs only what the TPM itself has made. */
const ATTRIBUTES = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign';

export interface Tpm {
  readonly quote: Quoter;
  /** The key that signs its quotes, in PEM. */
  key(): Promise<string>;
}

/** `tcti`: where it is, as tpm2-tools take it (`device:/dev/tpmrm0`). */
export function tpmAt(tcti: string): Tpm {
  const run = async (tool: string, ...args: string[]): Promise<void> => {
    try {
      await promisify(execFile)(tool, ['-T', tcti, ...args], { timeout: TIMEOUT });
    } catch (error) {
      const { code, stderr = '' } = error as { readonly code?: unknown; readonly stderr?: string };
      const said = code === 'ENOENT' ? 'tpm2-tools are not installed' : stderr.trim().split('\n')[0];
      throw new FleetError('capability-missing', `${tool} with the TPM at ${tcti}: ${said}`);
    }
  };
  // A TPM without a resource manager (swtpm, /dev/tpm0) has three places for keys, and the tools leave theirs behind.
  const clean = () => run('tpm2_flushcontext', '-t');
  // Made of the TPM's endorsement seed alone, the key is the same one each time: nothing of it is kept, on the disk or in the TPM.
  const withKey = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tswasm-tpm-'));
    try {
      await clean();
      const [key, pem] = ['key', 'pem'].map((file) => path.join(folder, file));
      const kind = ['-C', 'e', '-g', 'sha256', '-G', 'ecc256:ecdsa-sha256:null', '-a', ATTRIBUTES];
      await run('tpm2_createprimary', '-Q', ...kind, '-c', key, '-f', 'pem', '-o', pem);
      await clean();
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
      await clean().catch(() => undefined);
    }
  };
  // A TPM does one thing at a time.
  const locks = new Locks();
  const alone = <T>(use: (folder: string) => Promise<T>) => locks.with('tpm', () => withKey(use));
  return {
    key: () => alone((folder) => readFile(path.join(folder, 'pem'), 'utf8')),
    quote: (pcrs, qualifying) =>
      alone(async (folder) => {
        const [key, attest, signature] = ['key', 'attest', 'signature'].map((one) => path.join(folder, one));
        const what = ['-c', key, '-g', 'sha256', '-l', `sha256:${pcrs.join()}`, '-q', hex(qualifying)];
        await run('tpm2_quote', '-Q', ...what, '-m', attest, '-s', signature, '-f', 'plain');
        return { attest: await readFile(attest), signature: await readFile(signature) };
      }),
  };
}

/** What an orchestrator is to be told of this TPM, in the state that it is in now. */
export async function writePin(files: Files, name: string, tpm: Tpm): Promise<void> {
  const { digest } = readQuote((await tpm.quote(BOOT, randomBytes(32))).attest);
  const pin = { [name]: { key: await tpm.key(), pcrs: BOOT, digest: hex(digest) } };
  await files.write(PIN_FILE, new TextEncoder().encode(`${JSON.stringify(pin, undefined, 1)}\n`));
}

/** `--tpm-keys ash.json,birch.json`. */
export async function tpmPinsIn(files: string | undefined): Promise<ReadonlyMap<string, TpmPin>> {
  const pins = new Map<string, TpmPin>();
  for (const file of files === undefined ? [] : files.split(','))
    for (const [device, pin] of Object.entries(readJson(await readFile(file, 'utf8'), tpmPins, file)))
      pins.set(device, pin);
  return pins;
}
