/** Agents whose devices have TPMs, made by swtpm and asked by tpm2-tools. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { qualifying } from '../security/attestation';
import { hex } from '../security/digest';
import { checkQuote, tpmPins } from '../security/tpm-keys';
import { MemoryFiles } from '../store/files';
import { assemble, STATEFUL } from '../testing/modules';
import { freePort } from '../testing/ports';
import { Processes } from '../testing/processes';
import { tpmAt, writePin } from './tpm';

const missing = ['swtpm', 'tpm2_quote'].filter(
  (program) => spawnSync(program, ['--version']).error !== undefined,
);
if (missing.length > 0)
  console.warn(`SKIPPED: ${missing.join(' and ')} not installed, so quotes of TPMs are not tested`);

describe.skipIf(missing.length > 0)('devices with TPMs', () => {
  const processes = new Processes();
  const tpms: ReturnType<typeof spawn>[] = [];
  beforeAll(() => processes.build());
  afterAll(async () => {
    for (const tpm of tpms) tpm.kill('SIGKILL');
    await processes.close();
  });

  /** A TPM that has just been switched on: where it is. */
  async function tpm(name: string): Promise<string> {
    const folder = path.join(processes.folder, `tpm-${name}`);
    mkdirSync(folder, { recursive: true });
    // The tools look for its control channel at the next port.
    const port = await freePort();
    const [server, control] = [port, port + 1].map((one) => `type=tcp,port=${one}`);
    const args = ['socket', '--tpm2', '--tpmstate', `dir=${folder}`, '--server', server, '--ctrl', control];
    const child = spawn('swtpm', [...args, '--flags', 'not-need-init,startup-clear'], { stdio: 'ignore' });
    tpms.push(child);
    const tcti = `swtpm:host=127.0.0.1,port=${port}`;
    while (spawnSync('tpm2_pcrread', ['-Q', '-T', tcti, 'sha256:0']).status !== 0) {
      if (child.exitCode !== null) return tpm(name);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return tcti;
  }

  it('have what asks for their quotes, and those without, with another one or in another state do not', async () => {
    const names = ['ash', 'birch', 'cedar'];
    const tctis = await Promise.all(names.map(tpm));
    const pins = new MemoryFiles();
    const pinOf = async (k: number) => {
      await writePin(pins, names[k], tpmAt(tctis[k]));
      return JSON.parse(new TextDecoder().decode(await pins.read('tpm.json')))[names[k]];
    };
    const [ash, birch] = [await pinOf(0), await pinOf(1)];
    const keys = path.join(processes.folder, 'keys.json');
    writeFileSync(keys, JSON.stringify({ ash, birch, cedar: birch, plain: birch }));
    const up = await processes.up('orchestrator', undefined, ['--tpm-keys', keys]);
    const fleet = async (...args: string[]) => (await processes.command(up, args)).text;
    const agents = names.map((name, k) => processes.agent(name, up, [], 'orchestrator', ['--tpm', tctis[k]]));
    await Promise.all([...agents, processes.agent('plain', up)]);
    // What the agent says is what its TPM has said before: the key is the same one again.
    expect(JSON.parse(readFileSync(path.join(processes.folder, 'ash', 'tpm.json'), 'utf8'))).toEqual({ ash });

    const module = path.join(processes.folder, 'stateful.wasm');
    writeFileSync(module, await assemble(STATEFUL));
    await fleet('push', module);
    const document = path.join(processes.folder, 's.json');
    const main = { name: 'main', module: 'stateful', device: 'ash', attest: 'tpm' };
    writeFileSync(document, JSON.stringify({ id: 's', executions: [main] }));
    await fleet('deploy', document);
    expect(await fleet('exec', 's~main', 'fibo')).toBe('1');
    await fleet('move', 's~main', 'birch');
    expect(await fleet('exec', 's~main', 'fibo')).toBe('2');
    await fleet('move', 's~main', 'ash');

    await expect(fleet('move', 's~main', 'plain')).rejects.toThrow('plain has no TPM to quote (agent --tpm)');
    await expect(fleet('move', 's~main', 'cedar')).rejects.toThrow(
      'not signed by the key of its TPM that is pinned',
    );
    // Something else is measured into a register before the next quote.
    const event = `7:sha256=${'ab'.repeat(32)}`;
    expect(spawnSync('tpm2_pcrextend', ['-T', tctis[1], event]).status).toBe(0);
    await expect(fleet('move', 's~main', 'birch')).rejects.toThrow('the registers 0,1,2,3,4,5,6,7 have the');
    expect(await fleet('exec', 's~main', 'fibo')).toBe('3');
  });

  it('may quote with an RSA key that somebody has made there', async () => {
    const tcti = await tpm('fir');
    const at = (file: string) => path.join(processes.folder, `fir-${file}`);
    const run = (tool: string, ...args: string[]) => {
      const { status, stderr } = spawnSync(tool, ['-T', tcti, ...args], { encoding: 'utf8' });
      expect([tool, status, status === 0 ? '' : stderr]).toEqual([tool, 0, '']);
    };
    const attributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign';
    const kind = ['-C', 'e', '-g', 'sha256', '-G', 'rsa2048:rsassa-sha256:null', '-a', attributes];
    run('tpm2_createprimary', '-Q', ...kind, '-c', at('key'), '-f', 'pem', '-o', at('pem'));
    const evidence = 'what the device says of itself';
    const what = ['-g', 'sha256', '-l', 'sha256:0,7', '-q', hex(await qualifying(evidence))];
    const files = ['-m', at('attest'), '-s', at('signature'), '-f', 'plain'];
    run('tpm2_quote', '-Q', '-c', at('key'), ...what, ...files);
    const { fir } = tpmPins({ fir: { key: readFileSync(at('pem'), 'utf8'), pcrs: [0, 7] } }, 'pins');
    const [attest, signature] = [readFileSync(at('attest')), readFileSync(at('signature'))];
    expect(fir.key.asymmetricKeyType).toBe('rsa');
    await checkQuote(fir, { attest, signature }, evidence);
    await expect(checkQuote(fir, { attest, signature }, 'other evidence')).rejects.toThrow('other evidence');
    signature[100] ^= 1;
    await expect(checkQuote(fir, { attest, signature }, evidence)).rejects.toThrow('not signed by the key');
  });

  it('say at their start what is wrong with a TPM', async () => {
    const start = processes.start([
      'agent',
      '--name',
      'elm',
      '--data',
      path.join(processes.folder, 'elm'),
      '--tpm',
      'swtpm:port=1',
    ]);
    await expect(start).rejects.toThrow('tpm2_flushcontext with the TPM at swtpm:port=1: ');
  });
});
