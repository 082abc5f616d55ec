/** SQLite (Emscripten): a table, thousands of rows in a transaction, aggregates, a database image. */
import { createRequire } from 'node:module';

/** The part of sql.js that is used here; the package has no types. */
interface Statement {
  run(values: unknown[]): void;
  free(): void;
}
interface Database {
  run(sql: string): void;
  exec(sql: string): { columns: string[]; values: unknown[][] }[];
  prepare(sql: string): Statement;
  export(): Uint8Array;
}
type InitSqlJs = () => Promise<{ Database: new (image?: Uint8Array) => Database }>;

const ROWS = 5000;

export async function run(): Promise<unknown> {
  const initSqlJs = createRequire(import.meta.url)('sql.js') as InitSqlJs;
  const SQL = await initSqlJs();
  const db = new SQL.Database();
  db.run('CREATE TABLE reading (id INTEGER PRIMARY KEY, sensor TEXT NOT NULL, value REAL, note TEXT)');
  db.run('BEGIN');
  const insert = db.prepare('INSERT INTO reading (sensor, value, note) VALUES (?, ?, ?)');
  for (let i = 0; i < ROWS; i++)
    insert.run([`sensor-${i % 7}`, Math.sin(i) * 100, i % 3 ? `note ${i}` : null]);
  insert.free();
  db.run('COMMIT');
  db.run('CREATE INDEX by_sensor ON reading (sensor, value)');
  const aggregate = db.exec(
    `SELECT sensor, count(*), count(note), round(avg(value), 6), max(value), sum(length(note))
     FROM reading GROUP BY sensor ORDER BY sensor`,
  );
  const window = db.exec('SELECT id, rank() OVER (ORDER BY value DESC) FROM reading ORDER BY 2 LIMIT 5');
  let failure = '';
  try {
    db.run('INSERT INTO reading (sensor) VALUES (NULL)');
  } catch (error) {
    failure = String(error);
  }
  const image = db.export();
  const copy = new SQL.Database(image);
  const check = copy.exec('PRAGMA integrity_check; SELECT sum(id) FROM reading');
  return { aggregate, window, failure, size: image.length, check };
}
