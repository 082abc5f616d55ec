/** `.debug_line` (DWARF 2 to 5, section 6.2): which line each range of instructions comes from. */
import { BadDebugInfo, Bytes } from './bytes';

/** Sections that line tables refer to, as ranges of the module's bytes. */
export interface DebugSections {
  readonly line: Bytes;
  readonly str: Bytes | undefined;
  readonly lineStr: Bytes | undefined;
}

/** Instructions from `address` on come from this line; line 0 comes from no line. */
export interface LineRow {
  readonly address: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface Header {
  readonly minInstruction: number;
  readonly maxOperations: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly operandCounts: readonly number[];
  /** By the numbers that the program uses. */
  readonly files: readonly string[];
  readonly addressSize: number;
}

const STANDARD = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  setColumn: 5,
  negateStmt: 6,
  setBasicBlock: 7,
  constAddPc: 8,
  fixedAdvancePc: 9,
} as const;
const EXTENDED = { endSequence: 1, setAddress: 2 } as const;

/** Addresses of code that the linker threw away: nothing, or near the end of the address space. */
function isDead(address: number): boolean {
  return address === 0 || address >= 0xfffffff0;
}

/** Sequences of rows; the last row of each says where it ends. What is broken is left out. */
export function* lineSequences(sections: DebugSections): Generator<LineRow[]> {
  const { line } = sections;
  try {
    while (line.left > 0) {
      let length = line.uint(4);
      const offsetSize = length === 0xffffffff ? 8 : 4;
      if (offsetSize === 8) length = line.uint(8);
      const start = line.skip(length);
      yield* unit(new Bytes(line.bytes, start, start + length), offsetSize, sections);
    }
  } catch (error) {
    if (!(error instanceof BadDebugInfo)) throw error;
  }
}

/** A unit that cannot be read is none; the next may be better. */
function* unit(r: Bytes, offsetSize: number, sections: DebugSections): Generator<LineRow[]> {
  try {
    yield* run(r, readHeader(r, offsetSize, sections));
  } catch (error) {
    if (!(error instanceof BadDebugInfo)) throw error;
  }
}

function readHeader(r: Bytes, offsetSize: number, sections: DebugSections): Header {
  const version = r.uint(2);
  if (version < 2 || version > 5) throw new BadDebugInfo(`version ${version}`);
  let addressSize = 4;
  if (version >= 5) {
    addressSize = r.uint(1);
    r.skip(1);
  }
  const headerLength = r.uint(offsetSize);
  const program = r.pos + headerLength;
  const minInstruction = r.uint(1);
  const maxOperations = version >= 4 ? r.uint(1) : 1;
  r.skip(1);
  const lineBase = (r.uint(1) << 24) >> 24;
  const lineRange = r.uint(1);
  const opcodeBase = r.uint(1);
  if (lineRange === 0 || opcodeBase === 0 || maxOperations === 0) throw new BadDebugInfo('a count is zero');
  const operandCounts = [0];
  for (let k = 1; k < opcodeBase; k++) operandCounts.push(r.uint(1));
  const files = version >= 5 ? filesOf5(r, offsetSize, sections) : filesOf4(r);
  r.pos = program;
  return {
    minInstruction,
    maxOperations,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
    files,
    addressSize,
  };
}

function joined(directory: string | undefined, name: string): string {
  if (directory === undefined || directory === '' || name.startsWith('/') || /^[A-Za-z]:/.test(name))
    return name;
  return `${directory.replace(/\/$/, '')}/${name}`;
}

function filesOf4(r: Bytes): string[] {
  // Directory 0 is where the compiler ran, which `.debug_info` alone says; file 0 is none.
  const directories = [''];
  for (let name = r.string(); name !== ''; name = r.string()) directories.push(name);
  const files = ['?'];
  for (let name = r.string(); name !== ''; name = r.string()) {
    files.push(joined(directories[r.uleb()], name));
    r.uleb();
    r.uleb();
  }
  return files;
}

const CONTENT = { path: 1, directory: 2 } as const;

function filesOf5(r: Bytes, offsetSize: number, sections: DebugSections): string[] {
  const directories = entries(r, offsetSize, sections).map(({ path }) => path);
  const [compiledIn = ''] = directories;
  return entries(r, offsetSize, sections).map(({ path, directory }) =>
    joined(joined(compiledIn, directories[directory] ?? ''), path),
  );
}

interface Entry {
  readonly path: string;
  readonly directory: number;
}

function entries(r: Bytes, offsetSize: number, sections: DebugSections): Entry[] {
  const formats: [content: number, form: number][] = [];
  for (let count = r.uint(1); count > 0; count--) formats.push([r.uleb(), r.uleb()]);
  const count = r.uleb();
  // Every entry takes some room: a count without formats must not make any number of them.
  if (count > r.left || (formats.length === 0 && count > 0)) throw new BadDebugInfo('too many files');
  return Array.from({ length: count }, () => {
    let path = '?';
    let directory = 0;
    for (const [content, form] of formats) {
      const value = attribute(r, form, offsetSize, sections);
      if (content === CONTENT.path) path = String(value);
      else if (content === CONTENT.directory) directory = Number(value);
    }
    return { path, directory };
  });
}

/** The forms that line tables use (DWARF 5, table 7.6). */
function attribute(
  r: Bytes,
  form: number,
  offsetSize: number,
  { str, lineStr }: DebugSections,
): string | number {
  switch (form) {
    case 0x08: // string
      return r.string();
    case 0x0e: // strp
      return stringAt(str, r.uint(offsetSize));
    case 0x1f: // line_strp
      return stringAt(lineStr, r.uint(offsetSize));
    case 0x0b: // data1
      return r.uint(1);
    case 0x05: // data2
      return r.uint(2);
    case 0x06: // data4
      return r.uint(4);
    case 0x07: // data8
      return r.uint(8);
    case 0x0f: // udata
      return r.uleb();
    case 0x1e: // data16: a digest
      return r.skip(16);
    case 0x09: // block
      return r.skip(r.uleb());
  }
  throw new BadDebugInfo(`form ${form}`);
}

function stringAt(section: Bytes | undefined, offset: number): string {
  if (section === undefined) return '?';
  return new Bytes(section.bytes, section.pos + offset, section.end).string();
}

/** The state machine of section 6.2.2. */
class Machine {
  address = 0;
  operation = 0;
  file = 1;
  line = 1;
  column = 0;

  constructor(private readonly header: Header) {}

  advance(operations: number): void {
    const { minInstruction, maxOperations } = this.header;
    const all = this.operation + operations;
    this.address += minInstruction * Math.floor(all / maxOperations);
    this.operation = all % maxOperations;
  }

  row(): LineRow {
    const { address, line, column } = this;
    return { address, file: this.header.files[this.file] ?? '?', line, column };
  }
}

function* run(r: Bytes, header: Header): Generator<LineRow[]> {
  const { lineBase, lineRange, opcodeBase } = header;
  let machine = new Machine(header);
  let rows: LineRow[] = [];
  while (r.left > 0) {
    const opcode = r.uint(1);
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      machine.advance(Math.floor(adjusted / lineRange));
      machine.line += lineBase + (adjusted % lineRange);
      rows.push(machine.row());
    } else if (opcode !== 0) {
      if (standard(r, opcode, machine, header)) rows.push(machine.row());
    } else if (extended(r, machine, header)) {
      rows.push({ ...machine.row(), line: 0 });
      if (!isDead(rows[0].address)) yield rows;
      machine = new Machine(header);
      rows = [];
    }
  }
}

/** Whether the instruction makes a row. */
function standard(r: Bytes, opcode: number, machine: Machine, header: Header): boolean {
  switch (opcode) {
    case STANDARD.copy:
      return true;
    case STANDARD.advancePc:
      machine.advance(r.uleb());
      return false;
    case STANDARD.advanceLine:
      machine.line += r.sleb();
      return false;
    case STANDARD.setFile:
      machine.file = r.uleb();
      return false;
    case STANDARD.setColumn:
      machine.column = r.uleb();
      return false;
    case STANDARD.constAddPc:
      machine.advance(Math.floor((255 - header.opcodeBase) / header.lineRange));
      return false;
    case STANDARD.fixedAdvancePc:
      machine.address += r.uint(2);
      machine.operation = 0;
      return false;
  }
  // Known or not, the header says how many operands it has.
  for (let k = header.operandCounts[opcode]; k > 0; k--) r.uleb();
  return false;
}

/** Whether the sequence ends. */
function extended(r: Bytes, machine: Machine, header: Header): boolean {
  const length = r.uleb();
  const end = r.pos + length;
  const opcode = length === 0 ? 0 : r.uint(1);
  if (opcode === EXTENDED.setAddress) {
    machine.address = r.uint(Math.min(length - 1, header.addressSize));
    machine.operation = 0;
  }
  if (end > r.end) throw new BadDebugInfo('it ends too early');
  r.pos = end;
  return opcode === EXTENDED.endSequence;
}
