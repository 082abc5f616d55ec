/** Hosts on one machine: network namespaces of Linux, each with a name and an address of its own, on one bridge that this process is on, too. */
import { spawnSync } from 'node:child_process';

function run(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
const ip = (words: string): void => run('ip', ...words.split(' '));

/** Why there can be none here; undefined: there can. */
export function namespacesMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'only root of a Linux makes namespaces';
  const name = `tsw${process.pid}`;
  try {
    ip(`netns add ${name}`);
    ip(`netns delete ${name}`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export class Namespaces {
  private readonly bridge = `tswb${process.pid}`;
  /** Unlike that of a test beside this one. */
  private readonly net = `10.77.${process.pid % 256}`;

  constructor(readonly names: readonly string[]) {
    ip(`link add ${this.bridge} type bridge mcast_snooping 0`);
    ip(`address add ${this.net}.1/24 dev ${this.bridge}`);
    ip(`link set ${this.bridge} up`);
    for (const [k, name] of names.entries()) {
      const [space, outside] = [this.space(name), `tswv${process.pid}${k}`];
      ip(`netns add ${space}`);
      ip(`link add ${outside} type veth peer name eth0 netns ${space}`);
      ip(`link set ${outside} master ${this.bridge} up`);
      ip(`-n ${space} address add ${this.address(name)}/24 dev eth0`);
      ip(`-n ${space} link set eth0 up`);
      ip(`-n ${space} link set lo up`);
      ip(`-n ${space} route add default via ${this.net}.1`);
    }
  }

  private space(name: string): string {
    return `tsw${process.pid}-${name}`;
  }

  address(name: string): string {
    return `${this.net}.${10 + this.names.indexOf(name)}`;
  }

  /** What a command is put behind to run there. The process that is started becomes the command. */
  within(name: string): readonly string[] {
    const named = ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', name];
    return ['ip', 'netns', 'exec', this.space(name), ...named];
  }

  /** Whatever runs there has to be over. */
  close(): void {
    for (const name of this.names) ip(`netns delete ${this.space(name)}`);
    ip(`link delete ${this.bridge}`);
  }
}
