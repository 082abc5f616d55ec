// SHA-256 of a 4 KiB message, with sha256-block.ts before it: i32 rotations, xors, a message schedule in memory.
const LENGTH: i32 = 4096;
const message: usize = memory.data(4160);

function digest(): u32 {
  begin();
  memory.fill(message + LENGTH, 0, 64);
  store<u8>(message + LENGTH, 0x80);
  store<u32>(message + LENGTH + 60, bswap<u32>(LENGTH * 8));
  for (let i = 0; i < LENGTH + 64; i += 64) block(message + i);
  return load<u32>(H);
}

export function run(n: i32): i32 {
  let check: u32 = 0;
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < LENGTH; i += 4) store<u32>(message + i, <u32>(i * 2654435761) ^ check);
    check = (check << 1) ^ digest();
  }
  return check;
}
