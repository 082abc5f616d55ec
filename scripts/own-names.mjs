/**
 * Names of properties that are ours alone, so that a bundle may have shorter ones in their place (esbuild's `mangleProps`). A name is that if
 * our sources make properties of this name, and if nobody outside of them can meet it. It stays when
 * - it can be reached from what an entry exports: whatever its types mention, but for private and internal members;
 * - the language has it;
 * - it is a string somewhere, or occurs in a generated text: code may look for it by that. A string that is compared, or that stands where
 *   a type lists the strings, is looked for by nobody, unless something is accessed by a value of such a type;
 * - it belongs to a type with which something comes in from outside, or goes out: a conversion of what had no type, an access by a name that
 *   may be any, a call that lists names.
 * The bundler does the same with all properties of one name, so a name that is both public and ours stays as well.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { QUICKJS_PARTS, SMALL_QUICKJS_PARTS } from './small-parts.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { SyntaxKind, TypeFlags } = ts;

/** Types that exports mention and that nobody meets in a bundle of small parts: it has no tiers, and what factories use is in their texts. */
const OPAQUE = new Set(['Tier', 'FactoryEnvironment']);
/** Functions of the language that take anything and ask it for no name. */
const BLIND = /^(bind|call|apply|is|isArray|push|register|unregister|resolve|values)$/;
const WORD = /[A-Za-z_$][\w$]*/g;
const QUOTED = /(?<=["'])[A-Za-z_$][\w$]*(?=["'])/g;

const known = new Map();

/** An option of esbuild for a bundle of these files of the repository. */
export function mangling(entries) {
  const key = entries.join();
  if (!known.has(key)) known.set(key, shortening(ownNames(entries)));
  return known.get(key);
}

/** The option that shortens these names. */
export function shortening(names) {
  return { mangleProps: new RegExp(`^(${names.map((name) => name.replaceAll('$', '\\$')).join('|')})$`) };
}

const PARTS = Object.values({ ...SMALL_QUICKJS_PARTS, ...QUICKJS_PARTS });

/** These files of the repository, and all that bundles may have in place of others, as the compiler sees them: without the types of any host. */
export function programOf(entries) {
  const files = [...entries, ...PARTS.filter((file) => file.endsWith('.ts'))];
  return ts.createProgram(
    files.map((file) => path.join(root, file)),
    { ...optionsOf(path.join(root, 'tsconfig.json')), types: [] },
  );
}

/**
 * The names, sorted. Where it is known what is in the bundle (files of the repository), nothing else can look for a name, and the generated texts
 * in it have shorter names as well.
 */
export function ownNames(entries, program = programOf(entries), bundled = undefined) {
  const kept = new Kept(program);
  for (const entry of entries) kept.exportsOf(program.getSourceFile(path.join(root, entry)));
  const made = new Set();
  const isIn = ({ fileName }) => bundled?.has(path.relative(root, fileName)) ?? true;
  const generated = PARTS.filter((name) => name.endsWith('.js')).map((name) => path.join(root, name));
  for (const file of program.getSourceFiles()) {
    if (program.isSourceFileDefaultLibrary(file)) kept.membersIn(file);
    else if (file.isDeclarationFile) generated.push(file.fileName.replace(/\.d\.ts$/, '.js'));
    else if (isIn(file)) kept.usesIn(file, made);
  }
  for (const fileName of generated) {
    if (bundled === undefined) kept.wordsIn(fileName);
    else if (isIn({ fileName })) kept.wordsIn(fileName, QUOTED);
  }
  return [...made].filter((name) => !kept.names.has(name)).sort();
}

function optionsOf(file) {
  const { config } = ts.readConfigFile(file, ts.sys.readFile);
  return ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root).options;
}

const has = (type, flags) => (type.flags & flags) !== 0;
/** A name of these types is any name, unless the type says which. */
const NAME_LIKE =
  TypeFlags.StringLike | TypeFlags.Any | TypeFlags.Unknown | TypeFlags.TypeParameter | TypeFlags.Index;
const partsOf = (type) => (type.isUnion() ? type.types : [type]);
const COMPARISONS = new Set([SyntaxKind.EqualsEqualsEqualsToken, SyntaxKind.ExclamationEqualsEqualsToken]);
/** Types that say nothing of members, or not what a host has put there. */
const isBlank = (type) =>
  has(type, TypeFlags.Any | TypeFlags.Unknown | TypeFlags.NonPrimitive) || type.symbol?.name === 'globalThis';

function isHidden({ declarations = [] }) {
  return declarations.some(
    (node) =>
      (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0 ||
      ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal'),
  );
}

const MEMBERS = [
  ts.isPropertyAssignment,
  ts.isShorthandPropertyAssignment,
  ts.isPropertyDeclaration,
  ts.isMethodDeclaration,
  ts.isAccessor,
  (node) => ts.isParameterPropertyDeclaration(node, node.parent),
];

/** Names that stay. */
class Kept {
  names = new Set();
  seen = new Set();

  constructor(program) {
    this.program = program;
    this.checker = program.getTypeChecker();
  }

  /** The type comes from the language; `Partial<T>` and the like are what they make of ours. */
  isForeign({ symbol, objectFlags }) {
    if (objectFlags & ts.ObjectFlags.Mapped) return false;
    const { declarations = [] } = symbol ?? {};
    return declarations.some((node) => this.program.isSourceFileDefaultLibrary(node.getSourceFile()));
  }

  exportsOf(file) {
    const module = this.checker.getSymbolAtLocation(file);
    for (const exported of module === undefined ? [] : this.checker.getExportsOfModule(module)) {
      this.names.add(exported.name);
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      const symbol = isAlias ? this.checker.getAliasedSymbol(exported) : exported;
      if (isHidden(symbol)) continue;
      if (symbol.flags & ts.SymbolFlags.Value) this.reach(this.checker.getTypeOfSymbol(symbol));
      if (symbol.flags & ts.SymbolFlags.Type) this.reach(this.checker.getDeclaredTypeOfSymbol(symbol));
    }
  }

  /** The members of a type, and all that they lead to. What has `noType` is nothing of our classes: only we make their objects. */
  reach(type, noType = false) {
    if (this.seen.has(type) || OPAQUE.has(type.symbol?.name) || (noType && type.isClass())) return;
    this.seen.add(type);
    const { checker } = this;
    const isObject = has(type, TypeFlags.Object);
    const reached = [
      ...(type.isUnionOrIntersection() ? type.types : []),
      ...(isObject ? checker.getTypeArguments(type) : []),
      checker.getBaseConstraintOfType(type) ?? type,
    ];
    if (isObject && !this.isForeign(type)) {
      for (const member of checker.getPropertiesOfType(type)) {
        if (isHidden(member)) continue;
        this.names.add(member.name);
        reached.push(checker.getTypeOfSymbol(member));
      }
      reached.push(...checker.getIndexInfosOfType(type).map((index) => index.type));
      for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
        if (signature.declaration !== undefined && isHidden({ declarations: [signature.declaration] }))
          continue;
        reached.push(
          signature.getReturnType(),
          ...signature.parameters.map((p) => checker.getTypeOfSymbol(p)),
        );
        reached.push(checker.getTypePredicateOfSignature(signature)?.type ?? type);
      }
    }
    for (const next of reached) this.reach(next, noType);
  }

  /** The members that a type has itself. */
  members(type) {
    if (type.isUnion()) for (const one of type.types) this.members(one);
    for (const { name } of this.checker.getPropertiesOfType(this.checker.getApparentType(type)))
      this.names.add(name);
  }

  /** What a text names, whatever it is in it, or what is of this form. */
  wordsIn(file, form = WORD) {
    for (const word of existsSync(file) ? readFileSync(file, 'utf8').match(form) : []) this.names.add(word);
  }

  /** What the language declares. */
  membersIn(node) {
    if (node.name && ts.isIdentifier(node.name) && !ts.isParameter(node)) this.names.add(node.name.text);
    ts.forEachChild(node, (child) => this.membersIn(child));
  }

  /** What a source keeps; the names of properties that it makes. */
  usesIn(node, made) {
    const { checker } = this;
    const typeOf = (one) => checker.getTypeAtLocation(one);
    if (MEMBERS.some((is) => is(node)) && ts.isIdentifier(node.name)) made.add(node.name.text);
    if (ts.isStringLiteralLike(node) && this.mayBeName(node)) this.names.add(node.text);
    if (ts.isNamespaceImport(node)) this.members(typeOf(node.name));
    if (ts.isElementAccessExpression(node)) this.computed(node.argumentExpression, node.expression);
    if (ts.isForInStatement(node)) this.members(typeOf(node.expression));
    if (ts.isComputedPropertyName(node)) this.computed(node.expression, node.parent.parent);
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.InKeyword)
      this.computed(node.left, node.right);
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) this.call(node);
    if (ts.isAsExpression(node)) {
      const from = typeOf(withoutConversions(node.expression));
      if (this.isForeign(from)) this.members(typeOf(node));
      this.conversion(from, typeOf(node));
    } else if (ts.isExpression(node)) {
      const wanted = checker.getContextualType(node);
      if (wanted !== undefined) this.conversion(typeOf(node), wanted);
    }
    ts.forEachChild(node, (child) => this.usesIn(child, made));
  }

  /** Something looks for a member by this name. */
  computed(name, object) {
    for (const type of partsOf(this.checker.getTypeAtLocation(name))) {
      if (type.isStringLiteral()) this.names.add(type.value);
      else if (has(type, NAME_LIKE)) this.members(this.checker.getTypeAtLocation(object));
    }
  }

  /** A string that is neither compared nor one of those that its type lists. */
  mayBeName(node) {
    const { parent } = node;
    if (ts.isLiteralTypeNode(parent) || (ts.isCaseClause(parent) && parent.expression === node)) return false;
    if (ts.isBinaryExpression(parent) && COMPARISONS.has(parent.operatorToken.kind)) return false;
    const wanted = this.declaredFor(node) ?? this.checker.getContextualType(node);
    const strings = wanted === undefined ? [] : partsOf(wanted).filter((type) => has(type, NAME_LIKE));
    return strings.length === 0 || !strings.every((type) => type.isStringLiteral());
  }

  /** What the parameter is declared to be for which this is given: a generic one may be a name of something. */
  declaredFor(node) {
    const { parent } = node;
    if (!ts.isCallExpression(parent)) return undefined;
    const parameter =
      this.checker.getResolvedSignature(parent)?.declaration?.parameters[parent.arguments.indexOf(node)];
    return parameter && this.checker.getTypeAtLocation(parameter);
  }

  /** A value of one type is taken for one of another. */
  conversion(from, to) {
    if (from === to) return;
    if (isBlank(from)) this.reach(to, true);
    if (this.hasAnyName(from)) this.members(to);
    if (this.hasAnyName(to)) this.members(from);
  }

  hasAnyName(type) {
    return this.checker.getIndexInfoOfType(type, ts.IndexKind.String) !== undefined;
  }

  /** Functions of the language that take whatever there is may ask it for its names. */
  call(node) {
    const signature = this.checker.getResolvedSignature(node);
    const { declaration, parameters = [] } = signature ?? {};
    if (!declaration || !this.program.isSourceFileDefaultLibrary(declaration.getSourceFile())) return;
    if (BLIND.test(declaration.name?.text)) return;
    for (const [k, argument] of (node.arguments ?? []).entries()) {
      const parameter = parameters[Math.min(k, parameters.length - 1)];
      if (parameter === undefined) continue;
      const type = this.checker.getTypeOfSymbolAtLocation(parameter, node);
      if (this.isAnything(type)) this.members(this.checker.getTypeAtLocation(argument));
    }
  }

  /** A parameter of this type takes objects whose members it does not name. */
  isAnything(type) {
    if (type.isUnion()) return type.types.some((one) => this.isAnything(one));
    const isEmpty =
      has(type, TypeFlags.Object) &&
      this.checker.getPropertiesOfType(type).length === 0 &&
      type.getCallSignatures().length === 0;
    return isEmpty || isBlank(type) || this.hasAnyName(type);
  }
}

const withoutConversions = (node) =>
  ts.isAsExpression(node) || ts.isParenthesizedExpression(node) ? withoutConversions(node.expression) : node;
