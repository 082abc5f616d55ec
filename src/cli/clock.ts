/** Milliseconds, from any point on. Node loads what is behind `performance` when somebody first asks for it, which takes a start 2 ms. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
