// CoreMark's mixture, written anew: a linked list (find, reverse, merge sort), 16-bit matrices, a state machine that reads
// numbers, and a CRC over all the results.
const NODES: i32 = 200;
const DIM: i32 = 12;
const TEXT: i32 = 512;
// Node: next (4), value (2), index (2). Address 0 is the null pointer.
const nodes: usize = memory.data(1600);
const mA: usize = memory.data(288);
const mB: usize = memory.data(288);
const mC: usize = memory.data(576);
const text: usize = memory.data(512);
const states: usize = memory.data(32);

function crcByte(data: u32, crc: u32): u32 {
  for (let i = 0; i < 8; i++) {
    const bit = (data ^ crc) & 1;
    data >>= 1;
    crc >>= 1;
    if (bit) crc ^= 0xa001;
  }
  return crc;
}

function crc16(value: u32, crc: u32): u32 {
  return crcByte((value >> 8) & 0xff, crcByte(value & 0xff, crc));
}

function buildList(seed: i32): usize {
  for (let i = 0; i < NODES; i++) {
    const p = nodes + (i << 3);
    store<u32>(p, i + 1 < NODES ? p + 8 : 0);
    store<u16>(p, (seed * (i + 1) * 40503) >> 3, 4);
    store<u16>(p, i, 6);
  }
  return nodes;
}

function reverse(list: usize): usize {
  let done: usize = 0;
  while (list) {
    const next = load<u32>(list);
    store<u32>(list, done);
    done = list;
    list = next;
  }
  return done;
}

function find(list: usize, value: u32): usize {
  while (list && load<u16>(list, 4) != value) list = load<u32>(list);
  return list;
}

function merge(a: usize, b: usize, byIndex: bool): usize {
  const field: usize = byIndex ? 2 : 0;
  let head: usize = 0;
  let tail: usize = 0;
  while (a || b) {
    let take: usize;
    if (!b || (a && load<u16>(a + field, 4) <= load<u16>(b + field, 4))) {
      take = a;
      a = load<u32>(a);
    } else {
      take = b;
      b = load<u32>(b);
    }
    if (tail) store<u32>(tail, take);
    else head = take;
    tail = take;
  }
  if (tail) store<u32>(tail, 0);
  return head;
}

function sort(list: usize, length: i32, byIndex: bool): usize {
  if (length < 2) {
    if (list) store<u32>(list, 0);
    return list;
  }
  const half = length >> 1;
  let middle = list;
  for (let i = 0; i < half; i++) middle = load<u32>(middle);
  return merge(sort(list, half, byIndex), sort(middle, length - half, byIndex), byIndex);
}

function listWork(seed: i32, crc: u32): u32 {
  let list = buildList(seed);
  for (let i = 0; i < 10; i++) {
    const found = find(list, load<u16>(nodes + (((i * 37 + seed) % NODES) << 3), 4));
    crc = crc16(found ? load<u16>(found, 6) : 0xffff, crc);
    list = reverse(list);
  }
  list = sort(list, NODES, false);
  for (let p = list; p; p = load<u32>(p)) crc = crc16(load<u16>(p, 4), crc);
  list = sort(list, NODES, true);
  return crc16(load<u16>(list, 6), crc);
}

function matrixWork(seed: i32, crc: u32): u32 {
  for (let i = 0; i < DIM * DIM; i++) {
    store<i16>(mA + (i << 1), (seed * (i + 1)) & 0xff);
    store<i16>(mB + (i << 1), (i + seed) & 0x7f);
  }
  for (let i = 0; i < DIM; i++) {
    for (let j = 0; j < DIM; j++) {
      let sum = 0;
      for (let k = 0; k < DIM; k++) {
        const t = <i32>load<i16>(mA + ((i * DIM + k) << 1)) * <i32>load<i16>(mB + ((k * DIM + j) << 1));
        sum += ((t >> 2) & 0xf) * ((t >> 5) & 0x7f) + t;
      }
      store<i32>(mC + ((i * DIM + j) << 2), sum);
    }
  }
  let last = 0;
  let score = 0;
  for (let i = 0; i < DIM * DIM; i++) {
    const now = load<i32>(mC + (i << 2));
    score = now > last ? score + 10 : score + 1;
    last = now;
  }
  return crc16(score, crc);
}

// States: 0 start, 1 sign, 2 integer, 3 point, 4 exponent, 5 exponent's sign, 6 scientific, 7 invalid.
function step(state: i32, c: u32): i32 {
  const digit = c - 48 < 10;
  switch (state) {
    case 0:
      return digit ? 2 : c == 43 || c == 45 ? 1 : c == 46 ? 3 : 7;
    case 1:
      return digit ? 2 : c == 46 ? 3 : 7;
    case 2:
      return digit ? 2 : c == 46 ? 3 : c == 101 ? 4 : 7;
    case 3:
      return digit ? 3 : c == 101 ? 4 : 7;
    case 4:
      return c == 43 || c == 45 ? 5 : 7;
    case 5:
      return digit ? 6 : 7;
    case 6:
      return digit ? 6 : 7;
    default:
      return 7;
  }
}

function fillText(seed: i32): void {
  const samples = memory.data<u8>([
    53, 48, 49, 50, 44, 45, 49, 46, 53, 44, 43, 48, 46, 54, 54, 52, 101, 43, 56, 44, 84, 48, 46, 51, 101, 45, 49, 70, 44,
    45, 55, 56, 57, 46, 44, 46, 57, 101, 43, 49, 50, 44,
  ]);
  for (let i = 0; i < TEXT - 1; i++) store<u8>(text + i, load<u8>(samples + ((i + (seed & 7)) % 42)));
  store<u8>(text + TEXT - 1, 44);
}

function stateWork(seed: i32, crc: u32): u32 {
  fillText(seed);
  memory.fill(states, 0, 32);
  let state = 0;
  for (let i = 0; i < TEXT; i++) {
    const c: u32 = load<u8>(text + i);
    if (c == 44) {
      store<u32>(states + (state << 2), load<u32>(states + (state << 2)) + 1);
      state = 0;
    } else {
      state = step(state, c);
    }
  }
  for (let i = 0; i < 8; i++) crc = crc16(load<u32>(states + (i << 2)), crc);
  return crc;
}

export function run(n: i32): i32 {
  let crc: u32 = 0;
  for (let r = 0; r < n; r++) {
    const seed = ((r * 7) & 0xff) + 3;
    crc = listWork(seed, crc);
    crc = matrixWork(seed, crc);
    crc = stateWork(seed, crc);
  }
  return crc;
}
