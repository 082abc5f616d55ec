/** Tree-sitter (Emscripten, with a grammar as a dynamically linked side module): parses, edits, queries. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Language, Parser, Query } from 'web-tree-sitter';

export async function run(): Promise<unknown> {
  await Parser.init();
  const grammar = createRequire(import.meta.url).resolve('tree-sitter-json/tree-sitter-json.wasm');
  const language = await Language.load(new Uint8Array(readFileSync(grammar)));
  const parser = new Parser();
  parser.setLanguage(language);
  const rows = Array.from({ length: 200 }, (_, i) => ({
    id: i,
    name: `n${i}`,
    tags: ['a', 'b', null, true],
  }));
  const tree = parser.parse(JSON.stringify(rows));
  const numbers = new Query(language, '(pair key: (string) @key value: (number) @value)').matches(
    tree!.rootNode,
  );
  const small = parser.parse('{"a": [1, 2.5e3, {"b": null}]}')!;
  const broken = parser.parse('{"a": [1, }')!;
  return {
    nodes: tree!.rootNode.descendantCount,
    numbers: numbers.length,
    last: numbers.at(-1)?.captures.map(({ name, node }) => [name, node.text]),
    small: small.rootNode.toString(),
    broken: [broken.rootNode.hasError, broken.rootNode.toString()],
  };
}
