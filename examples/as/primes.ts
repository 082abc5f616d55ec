// A WASI program in AssemblyScript: prints the primes below its argument (100 without one), ten a line.
//   npx tswasm run dist/examples/primes.wasm 1000
@external('wasi_snapshot_preview1', 'args_sizes_get')
declare function args_sizes_get(count: usize, size: usize): i32;
@external('wasi_snapshot_preview1', 'args_get')
declare function args_get(argv: usize, buffer: usize): i32;
@external('wasi_snapshot_preview1', 'fd_write')
declare function fd_write(fd: i32, iovs: usize, count: i32, written: usize): i32;
@external('wasi_snapshot_preview1', 'proc_exit')
declare function proc_exit(code: i32): void;

const words: usize = memory.data(16);

function print(fd: i32, text: string): void {
  const bytes = String.UTF8.encode(text);
  store<u32>(words, changetype<usize>(bytes));
  store<u32>(words, bytes.byteLength, 4);
  fd_write(fd, words, 1, words + 8);
}

function programArguments(): string[] {
  args_sizes_get(words, words + 4);
  const count = load<u32>(words);
  const pointers = new StaticArray<u32>(count);
  const buffer = new ArrayBuffer(load<u32>(words, 4));
  args_get(changetype<usize>(pointers), changetype<usize>(buffer));
  const texts: string[] = [];
  for (let i: u32 = 0; i < count; i++) {
    let end: usize = pointers[i];
    while (load<u8>(end)) end++;
    texts.push(String.UTF8.decodeUnsafe(pointers[i], end - pointers[i]));
  }
  return texts;
}

function primesBelow(limit: i32): i32[] {
  const composite = new Uint8Array(limit);
  const primes: i32[] = [];
  for (let i = 2; i < limit; i++) {
    if (composite[i]) continue;
    primes.push(i);
    for (let k = i + i; k < limit; k += i) composite[k] = 1;
  }
  return primes;
}

export function _start(): void {
  const args = programArguments();
  const limit = args.length > 1 ? I32.parseInt(args[1]) : 100;
  if (limit < 2 || limit > 10_000_000) {
    print(2, 'primes: the limit must be a number from 2 to 10000000\n');
    proc_exit(2);
  }
  const primes = primesBelow(limit);
  for (let i = 0; i < primes.length; i += 10) print(1, primes.slice(i, i + 10).join(' ') + '\n');
  print(1, primes.length.toString() + ' primes below ' + limit.toString() + '\n');
}
