import { minify } from 'terser';

/**
 * What esbuild has minified, in less text. Functions stay where they are: `inline` above 1 and `reduce_funcs` would put them into their callers,
 * which QuickJS runs slower (a loop of 64-bit numbers took 1.11 times as long). An object for each call: terser writes into it.
 */
const compress = () => ({ inline: 1, reduce_funcs: false, passes: 2 });

/** The text of a module, or of a script in ECMAScript 5, made smaller. */
export async function smaller(text, kind = 'module') {
  const isModule = kind === 'module';
  const { code } = await minify(text, { module: isModule, ecma: isModule ? 2020 : 5, compress: compress() });
  return code;
}

/** The text of a module for devices that hold it in flash, where text counts and not what is downloaded. */
export async function shortest(text) {
  const { ast } = await minify(text, {
    module: true,
    compress: false,
    mangle: false,
    format: { spidermonkey: true, code: false },
  });
  const { code } = await minify(shorterForms(ast), {
    parse: { spidermonkey: true },
    module: true,
    ecma: 2020,
    compress: { ...compress(), unsafe_arrows: true },
  });
  return code;
}

/**
 * Functions of the module as arrow functions, before all else, since they can be called before their place is reached. Fields without a value
 * are left out: nothing asks whether an object has one.
 */
function shorterForms(ast) {
  const arrows = [];
  const others = [];
  for (const node of ast.body) {
    if (node.type === 'FunctionDeclaration' && !node.generator && !isMethodLike(node)) arrows.push(node);
    else others.push(node);
  }
  visit(ast, (node) => {
    if (node.type === 'ClassBody')
      node.body = node.body.filter((member) => member.type !== 'PropertyDefinition' || member.value !== null);
  });
  const declarations = arrows.map(({ id, params, body, async }) => ({
    type: 'VariableDeclarator',
    id,
    init: { type: 'ArrowFunctionExpression', params, body, async, expression: false },
  }));
  return { ...ast, body: [{ type: 'VariableDeclaration', kind: 'var', declarations }, ...others] };
}

/** What an arrow function has not of its own. */
function isMethodLike(node) {
  let found = false;
  visit(node, ({ type, name }) => {
    found ||=
      type === 'ThisExpression' || type === 'MetaProperty' || (type === 'Identifier' && name === 'arguments');
  });
  return found;
}

function visit(node, act) {
  if (node === null || typeof node !== 'object') return;
  if (typeof node.type === 'string') act(node);
  for (const child of Object.values(node)) visit(child, act);
}
