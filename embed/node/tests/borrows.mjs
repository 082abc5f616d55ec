// node --jitless borrows.mjs PORT MODEL: a device without a runtime for models has a neighbour at PORT compute. Prints the outputs as JSON.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { remoteBackend } from '../../../dist/wasi-nn.js';

const [port, file] = process.argv.slice(2);

/** @param {Uint8Array} body @returns {Promise<Uint8Array>} */
const ask = (body) =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method: 'POST' }, async (response) => {
      const pieces = [];
      for await (const piece of response) pieces.push(piece);
      resolve(new Uint8Array(Buffer.concat(pieces)));
    });
    asked.on('error', reject);
    asked.end(body);
  });

const model = await remoteBackend({ encodings: ['onnx'], ask }).load({
  encoding: 'onnx',
  target: 'cpu',
  parts: [readFileSync(file)],
});
const input = Float32Array.from({ length: 25 * 96 }, (_, k) => Math.sin(k * 12.9898));
const tensor = {
  type: /** @type {const} */ ('f32'),
  dimensions: [1, 25, 96],
  data: new Uint8Array(input.buffer),
};
const [output] = await model.compute([tensor]);
console.log(JSON.stringify([...new Float32Array(output.data.slice().buffer)]));
