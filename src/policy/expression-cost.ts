// What an expression may hold, and the most that it can cost, from its syntax alone. Every value that an accepted
// expression can make is at most as large as its input times the number of its `+`, so the reckoning is sound.
import type { InputSize } from './expression-input.ts';

/** The part of the library's syntax tree that we read. */
export interface Syntax {
  readonly op: string;
  readonly args: unknown;
}

export const MAX_SOURCE = 2048;
/** Comprehensions inside each other. */
const MAX_NESTING = 2;
/** Units of some 100 ns at worst on a busy machine: the slowest expression measured at this bound ends within 20 ms. */
export const MAX_COST = 100_000;
/** At load, for an input of this size: what is too dear for even that could never be evaluated. */
const SMALL_INPUT: InputSize = { widest: 16, longest: 1024, values: 64 };

const FUNCTIONS = new Set(['size', 'has', 'string', 'dyn']);
const METHODS = new Set(['size', 'startsWith', 'endsWith', 'contains']);
const COMPREHENSIONS = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);
const REFUSED: Readonly<Record<string, string>> = {
  matches:
    'matches() is not available: a regular expression can take for ever; use startsWith, endsWith or contains',
  bind: 'cel.bind() is not available: it can build values without bound',
  split: 'split() is not available: it builds lists',
  join: 'join() is not available: it builds text',
};

/** Why an expression must not be loaded. */
export class ExpressionRefused extends Error {}

interface Call {
  readonly name: string;
  readonly target: Syntax | undefined;
  readonly args: readonly Syntax[];
}

/** @throws ExpressionRefused */
export function checkSyntax(root: Syntax, source: string): void {
  check(root, 0);
  if (costOf(root, source, SMALL_INPUT) > MAX_COST)
    throw new ExpressionRefused('it costs too much to evaluate: shorten it or nest less');
}

/** Units for an input of this size, at worst. */
export function costOf(root: Syntax, source: string, input: InputSize): number {
  const growth = 1 + countPlus(root);
  return cost(root, {
    // Raising an error inside the library and swallowing it (`||`, `&&`, `all`, `exists`); it counts the lines of
    // the source up to the place each time.
    thrown: 40 + source.length / 16,
    widest: input.widest * growth,
    longest: input.longest * growth,
    values: input.values * growth,
  });
}

// Costs are reckoned at every evaluation, over a tree that never changes.
const knownChildren = new WeakMap<Syntax, readonly Syntax[]>();
const knownCalls = new WeakMap<Syntax, Call | 'none'>();

export function syntaxChildren(node: Syntax): readonly Syntax[] {
  let known = knownChildren.get(node);
  if (known === undefined) {
    known = flatten(node.args);
    knownChildren.set(node, known);
  }
  return known;
}

export function isSyntax(value: unknown): value is Syntax {
  return (
    typeof value === 'object' &&
    value !== null &&
    'op' in value &&
    'args' in value &&
    typeof value.op === 'string'
  );
}

/** The call that this node is, if it is one. */
export function asCall(node: Syntax): Call | undefined {
  let known = knownCalls.get(node);
  if (known === undefined) {
    known = readCall(node) ?? 'none';
    knownCalls.set(node, known);
  }
  return known === 'none' ? undefined : known;
}

function readCall(node: Syntax): Call | undefined {
  if (!Array.isArray(node.args) || (node.op !== 'call' && node.op !== 'rcall')) return undefined;
  const name: unknown = node.args[0];
  if (typeof name !== 'string') return undefined;
  const target: unknown = node.op === 'rcall' ? node.args[1] : undefined;
  return { name, target: isSyntax(target) ? target : undefined, args: flatten(node.args.at(-1)) };
}

function flatten(value: unknown): readonly Syntax[] {
  if (isSyntax(value)) return [value];
  return Array.isArray(value) ? value.flatMap(flatten) : [];
}

function isComprehension(call: Call): boolean {
  return call.target !== undefined && COMPREHENSIONS.has(call.name);
}

function check(node: Syntax, nesting: number): void {
  const call = asCall(node);
  if (call === undefined) {
    if (node.op === '+' && nesting > 0)
      throw new ExpressionRefused('`+` is not allowed inside a comprehension');
    for (const child of syntaxChildren(node)) check(child, nesting);
    return;
  }
  checkCall(call);
  if (!isComprehension(call)) {
    for (const child of syntaxChildren(node)) check(child, nesting);
    return;
  }
  if (nesting >= MAX_NESTING)
    throw new ExpressionRefused(`comprehensions nest more than ${MAX_NESTING} deep`);
  if (call.target !== undefined) check(call.target, nesting);
  for (const argument of call.args) check(argument, nesting + 1);
}

function checkCall(call: Call): void {
  const refusal = Object.hasOwn(REFUSED, call.name) ? REFUSED[call.name] : undefined;
  if (refusal !== undefined) throw new ExpressionRefused(refusal);
  const known =
    call.target === undefined ? FUNCTIONS.has(call.name) : METHODS.has(call.name) || isComprehension(call);
  if (!known) throw new ExpressionRefused(`${call.name}() is not available`);
  if (call.name === 'contains' && !isText(call.args[0]))
    throw new ExpressionRefused(
      'contains() takes a literal text: a search for text of the token’s choice can be slow',
    );
  if (isComprehension(call)) checkComprehension(call);
}

function checkComprehension(call: Call): void {
  const [variable, body] = call.args;
  if (call.args.length !== 2 || variable?.op !== 'id' || body === undefined)
    throw new ExpressionRefused(`${call.name}() takes a variable and an expression`);
  // `map` may pick a part of each element. Anything else could grow: [x].map(v, [v, v]) doubles at every step.
  if (call.name === 'map' && !picks(body, String(variable.args)))
    throw new ExpressionRefused('map() may only pick a field, as in l.map(x, x.name)');
}

function picks(node: Syntax, variable: string): boolean {
  if (node.op === 'id') return node.args === variable;
  const [target, index] = Array.isArray(node.args) ? (node.args as unknown[]) : [];
  const field = node.op === '.' || (node.op === '[]' && isSyntax(index) && index.op === 'value');
  return field && isSyntax(target) && picks(target, variable);
}

function countPlus(node: Syntax): number {
  return syntaxChildren(node).reduce((sum, child) => sum + countPlus(child), node.op === '+' ? 1 : 0);
}

interface Bounds extends InputSize {
  readonly thrown: number;
}

function cost(node: Syntax, input: Bounds): number {
  const call = asCall(node);
  const children = syntaxChildren(node);
  if (call !== undefined && isComprehension(call)) return comprehensionCost(call, input);
  const below = children.reduce((sum, child) => sum + cost(child, input), 2);
  return below + (call === undefined ? operatorCost(node, children, input) : callCost(call, input));
}

function comprehensionCost(call: Call, input: Bounds): number {
  const range = call.target;
  const turns = range?.op === 'list' ? syntaxChildren(range).length : input.widest;
  const body = call.args.reduce((sum, argument) => sum + cost(argument, input), input.thrown);
  return (range === undefined ? 0 : cost(range, input)) + input.widest + turns * body;
}

function operatorCost(node: Syntax, children: readonly Syntax[], input: Bounds): number {
  const compare = input.longest / 256;
  switch (node.op) {
    case '&&':
    case '||':
      return input.thrown;
    case '==':
    case '!=':
      // Against a literal scalar one look is enough; two unknown values may be deep.
      return children.some(isScalar) ? compare : 4 * input.values + compare;
    case 'in':
      return membershipCost(children, input);
    case '+':
      return input.widest + input.longest / 64;
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compare;
    default:
      return 0;
  }
}

function membershipCost(children: readonly Syntax[], input: Bounds): number {
  const [member, list] = children;
  const scalarMember = member !== undefined && isScalar(member);
  if (list?.op === 'list') {
    const deep = !scalarMember && !syntaxChildren(list).every(isScalar);
    return 4 * syntaxChildren(list).length * (1 + input.longest / 256 + (deep ? input.values : 0));
  }
  if (scalarMember) return 4 * input.widest + input.longest / 256;
  return 4 * input.values + (input.widest * input.longest) / 256;
}

function callCost(call: Call, input: Bounds): number {
  switch (call.name) {
    case 'size':
      // Counts code points of a string, members of a map.
      return input.widest + input.longest / 4;
    case 'contains':
      return (input.longest * (2 + textLength(call.args[0]))) / 64;
    case 'string':
      return 4 + input.longest / 256;
    case 'startsWith':
    case 'endsWith':
      return (isText(call.args[0]) ? textLength(call.args[0]) : input.longest) / 6;
    default:
      return 1;
  }
}

function isScalar(node: Syntax): boolean {
  return node.op === 'value' && !(node.args instanceof Uint8Array);
}

function isText(node: Syntax | undefined): boolean {
  return node?.op === 'value' && typeof node.args === 'string';
}

function textLength(node: Syntax | undefined): number {
  return typeof node?.args === 'string' ? node.args.length : 0;
}
