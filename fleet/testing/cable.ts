/** A serial line of pseudo terminals: its two ends are devices, what lies between them is in the hands of a test. They are made by `script`. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

export type Bend = (bytes: Uint8Array) => Uint8Array;

/** A terminal on which this command runs, as util-linux makes one: others have other options. */
const on = (command: string): readonly string[] => ['-qfc', command, '/dev/null'];
function terminal(command: string): ChildProcess {
  return spawn('script', on(command), { stdio: ['pipe', 'pipe', 'ignore'] });
}

export const hasTerminals = `${spawnSync('script', on('tty'), { input: '' }).stdout}`.startsWith('/dev/');
if (!hasTerminals)
  console.warn('SKIPPED: there is no script of util-linux to make terminals, so no serial line is tried');

export class Cable {
  private constructor(
    /** The agent's end. */
    readonly device: string,
    private readonly ends: readonly ChildProcess[],
  ) {}

  /** `engine`: what runs at the other end, on its standard streams. */
  static async plugged(engine: string, bends: { there: Bend; back: Bend }): Promise<Cable> {
    const near = terminal('tty; stty raw -echo; exec sleep 86400');
    const device = await new Promise<string>((resolve) => {
      let text = '';
      near.stdout!.on('data', function first(bytes: Buffer) {
        text += bytes.toString('latin1');
        if (!text.includes('\n')) return;
        near.stdout!.off('data', first);
        resolve(text.trim());
      });
    });
    const far = terminal(`stty raw -echo; exec ${engine}`);
    near.stdout!.on('data', (bytes: Buffer) => far.stdin!.write(bends.there(bytes)));
    far.stdout!.on('data', (bytes: Buffer) => near.stdin!.write(bends.back(bytes)));
    // Who is pulled out takes nothing more.
    for (const { stdin } of [near, far]) stdin!.on('error', () => undefined);
    return new Cable(device, [near, far]);
  }

  /** The device is there no more, and the engine has lost its power. */
  async pull(): Promise<void> {
    await Promise.all(
      this.ends.map((end) => {
        const ended = new Promise((resolve) => end.once('exit', resolve));
        end.kill('SIGKILL');
        return ended;
      }),
    );
  }
}
