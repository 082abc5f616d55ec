/**
 * The same module in forms that take less text, for devices that hold it. They are made before anything is minified, which gives short names to
 * what is new here.
 * - Functions of the module are arrow functions, before all else, since they can be called before their place is reached.
 * - Fields without a value are left out: nothing asks whether an object has one.
 * And where even what is downloaded may be more (2 %), if only the text is less (4 %):
 * - A string or a long number that stands in several places is a variable, and so is `undefined`. QuickJS reads a variable of a module as fast.
 * - `this` is a variable where it stands often. QuickJS has it in one anyway.
 */

/** Takes a module's tree and changes it. `variables`: with what is a variable. */
export function shorterForms(module, variables) {
  visit(module, (node) => {
    if (node.type === 'ClassBody') node.body = node.body.filter((member) => !isEmptyField(member));
    if (node.type === 'FunctionExpression' && variables) nameThis(node);
  });
  const isArrow = (node) =>
    node.type === 'FunctionDeclaration' && !node.generator && !contains(node, OF_FUNCTIONS);
  const functions = module.body
    .filter(isArrow)
    .map(({ id, params, body, async }) =>
      declarator(id, { type: 'ArrowFunctionExpression', params, body, async, expression: false }),
    );
  const rest = module.body.filter((node) => !isArrow(node));
  const declarations = variables
    ? byUse([...nameValues([functions, rest]), ...functions], module)
    : functions;
  return { ...module, body: [{ type: 'VariableDeclaration', kind: 'var', declarations }, ...rest] };
}

const isEmptyField = ({ type, value }) => type === 'PropertyDefinition' && value === null;
/** What an arrow function has not of its own. */
const OF_FUNCTIONS = ({ type, name }) =>
  type === 'ThisExpression' || type === 'MetaProperty' || (type === 'Identifier' && name === 'arguments');

const identifier = (name) => ({ type: 'Identifier', name });
const declarator = (id, init) => ({ type: 'VariableDeclarator', id, init });
/** No name of the sources has this letter. */
const own = (name) => identifier(`\u03bb${name}`);

/** From how many on they are worth a variable: `let a=this;` and `a` for each. */
const MANY_THIS = 4;

/** Behind `super()`, which makes it, where that comes first. */
function nameThis({ body }) {
  let count = 0;
  const calls = [];
  const inFunction = (found) =>
    replace(body, (node) => {
      if (node.type === 'CallExpression' && node.callee.type === 'Super') calls.push(node);
      if (node.type === 'ThisExpression') return found();
      return OWN_THIS.includes(node.type) ? node : undefined;
    });
  inFunction(() => {
    count++;
  });
  const isFirst = body.body[0]?.expression === calls[0];
  if (count < MANY_THIS || (calls.length > 0 && !isFirst)) return;
  const variable = own('this');
  inFunction(() => variable);
  const declarations = [declarator(variable, { type: 'ThisExpression' })];
  body.body.splice(calls.length > 0 ? 1 : 0, 0, { type: 'VariableDeclaration', kind: 'let', declarations });
}
const OWN_THIS = ['FunctionExpression', 'FunctionDeclaration', 'ClassBody'];

/** Puts variables in the place of values, and gives their declarations. */
function nameValues(tree) {
  const places = new Map();
  const each = (found) =>
    replace(tree, (node, parent) => {
      if (isUndefined(node)) return found(undefined);
      return isValue(node) && !isPart(node, parent) ? found(node.value) : undefined;
    });
  each((value) => {
    places.set(value, (places.get(value) ?? 0) + 1);
  });
  const named = new Map();
  for (const [value, times] of places) if (isWorth(value, times)) named.set(value, own(named.size));
  each((value) => named.get(value));
  return [...named].map(([value, id]) =>
    declarator(id, value === undefined ? null : { type: 'Literal', value, raw: textOf(value) }),
  );
}

const isUndefined = ({ type, operator, argument }) =>
  type === 'UnaryExpression' && operator === 'void' && argument.type === 'Literal';
const isValue = ({ type, value }) =>
  type === 'Literal' && (typeof value === 'string' || typeof value === 'number');
/** Not an expression: a name of something, or where something is. */
const isPart = (node, parent) =>
  /^(Import|Export)/.test(parent.type) || (parent.key === node && !parent.computed);
const textOf = (value) => (value === undefined ? 'void 0' : JSON.stringify(value));

/** Letters of a variable's name at best. terser puts the value back where the name is longer and does not pay. */
const NAME = 1;
/** Letters that a number must have: what is hardly longer than a name stays, since that is where interpreters compute. */
const LONG_NUMBER = 5;
/** Whether a variable and its declaration are less text than the value in each of its places. */
function isWorth(value, times) {
  const { length } = textOf(value);
  if (typeof value === 'number' && length < LONG_NUMBER) return false;
  return times * NAME + NAME + 2 + length < times * length;
}

/** From how many uses on a name is to be short. All others stay where they are: what is together looks alike, which makes the download smaller. */
const OFTEN = 30;

function byUse(declarations, module) {
  const uses = new Map();
  visit([declarations, module], ({ type, name }) => {
    if (type === 'Identifier') uses.set(name, (uses.get(name) ?? 0) + 1);
  });
  const often = ({ id }) => Math.max(OFTEN, uses.get(id.name));
  return declarations.sort((a, b) => often(b) - often(a));
}

/** Puts what `other` gives for a node in its place, and looks into the nodes for which it gives nothing. */
function replace(tree, other, parent = tree) {
  for (const [key, child] of Object.entries(tree)) {
    if (child === null || typeof child !== 'object') continue;
    const node = Array.isArray(tree) ? parent : tree;
    const instead = typeof child.type === 'string' ? other(child, node) : undefined;
    if (instead === undefined) replace(child, other, node);
    else tree[key] = instead;
  }
}

/** Each node of the tree, before those that are in it. */
function visit(tree, see) {
  contains(tree, (node) => {
    see(node);
    return false;
  });
}

/** Whether something in the tree is so. */
function contains(tree, isSo) {
  if (tree === null || typeof tree !== 'object') return false;
  return (
    (typeof tree.type === 'string' && isSo(tree)) ||
    Object.values(tree).some((child) => contains(child, isSo))
  );
}
