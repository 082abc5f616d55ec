/** The part of the WebAssembly Web API that takes a `Response`. The body is compiled when it is complete. */

/** "Compile a potential WebAssembly response", up to the bytes. */
export async function responseBytes(source: unknown): Promise<Uint8Array> {
  const response = (await source) as Response;
  if (Object.prototype.toString.call(response) !== '[object Response]') {
    throw new TypeError('the source must be a Response or a promise of one');
  }
  const type = response.headers.get('Content-Type');
  if (type === null || !/^[\t\n\r ]*application\/wasm[\t\n\r ]*$/i.test(type)) {
    throw new TypeError(`the response has the MIME type '${type ?? ''}', expected 'application/wasm'`);
  }
  if (!response.ok) throw new TypeError(`the response has the status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
