import { parse } from 'acorn';
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

/** The text of a module for devices that hold it, where text counts and not what is downloaded. */
export async function shortest(text) {
  const module = parse(text, { ecmaVersion: 2022, sourceType: 'module' });
  const { code } = await minify(shorterForms(module), {
    parse: { spidermonkey: true },
    module: true,
    ecma: 2020,
    compress: compress(),
  });
  return code;
}

/**
 * Functions of the module as arrow functions, before all else, since they can be called before their place is reached. Fields without a value
 * are left out: nothing asks whether an object has one.
 */
function shorterForms(module) {
  const isArrow = (node) =>
    node.type === 'FunctionDeclaration' && !node.generator && !contains(node, OF_FUNCTIONS);
  const declarations = module.body.filter(isArrow).map(({ id, params, body, async }) => ({
    type: 'VariableDeclarator',
    id,
    init: { type: 'ArrowFunctionExpression', params, body, async, expression: false },
  }));
  contains(module, (node) => {
    if (node.type === 'ClassBody') node.body = node.body.filter((member) => !isEmptyField(member));
    return false;
  });
  const rest = module.body.filter((node) => !isArrow(node));
  return { ...module, body: [{ type: 'VariableDeclaration', kind: 'var', declarations }, ...rest] };
}

const isEmptyField = ({ type, value }) => type === 'PropertyDefinition' && value === null;
/** What an arrow function has not of its own. */
const OF_FUNCTIONS = ({ type, name }) =>
  type === 'ThisExpression' || type === 'MetaProperty' || (type === 'Identifier' && name === 'arguments');

/** Whether something in the tree is so. */
function contains(tree, isSo) {
  if (tree === null || typeof tree !== 'object') return false;
  return (
    (typeof tree.type === 'string' && isSo(tree)) ||
    Object.values(tree).some((child) => contains(child, isSo))
  );
}
