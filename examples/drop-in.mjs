// A package from npm that carries wasm, on tswasm instead of the host's WebAssembly: SQLite (sql.js).
//   node examples/drop-in.mjs
import { WebAssembly } from 'tswasm/webassembly';

globalThis.WebAssembly = WebAssembly;
const { default: initSqlJs } = await import('sql.js');

const { Database } = await initSqlJs();
const db = new Database();
db.run('CREATE TABLE reading (sensor TEXT, value REAL)');
db.run('BEGIN');
const insert = db.prepare('INSERT INTO reading VALUES (?, ?)');
for (let i = 0; i < 3000; i++) insert.run([`sensor ${i % 3}`, (i * 7919) % 1000]);
insert.free();
db.run('COMMIT');
const [result] = db.exec('SELECT sensor, COUNT(*), ROUND(AVG(value), 2) FROM reading GROUP BY sensor');
for (const row of result.values) console.log(row.join('\t'));
