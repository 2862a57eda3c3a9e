// CEL expressions: compiled when the policy is loaded, evaluated within a known time, never an error that allows.
import { Environment } from '@marcbachmann/cel-js';
import type { Json } from '../ground/json.ts';
import {
  asCall,
  checkSyntax,
  costOf,
  ExpressionRefused,
  isSyntax,
  MAX_COST,
  MAX_SOURCE,
  type Syntax,
  syntaxChildren,
} from './expression-cost.ts';
import { joinSizes, sizeOfInput } from './expression-input.ts';

export type ExpressionResult = { readonly matched: boolean } | { readonly error: string };
export type Variables = Readonly<Record<string, Json>>;

/** A boolean CEL expression that was found bounded. */
export interface Expression {
  readonly source: string;
  /** Claims that it mentions; empty for expressions over predicates. */
  readonly claims: ReadonlySet<string>;
  /** Never throws: an error, or an input that would take too long, is a result that does not match. */
  evaluate(variables: Variables): ExpressionResult;
}

export { ExpressionRefused };

const LIMITS = {
  maxAstNodes: 400,
  maxDepth: 24,
  maxListElements: 64,
  maxMapEntries: 32,
  maxCallArguments: 4,
};
const OPTIONS = {
  unlistedVariablesAreDyn: false,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: false,
  limits: LIMITS,
};

const KINDS = {
  /** `identities.*.where` */
  identity: new Environment(OPTIONS)
    .registerVariable('claims', 'map<string, dyn>')
    .registerVariable('subject', 'string')
    .registerVariable('san', 'string'),
  /** `identities.*.where` with `from: certificate` */
  certificate: new Environment(OPTIONS)
    .registerVariable('names', 'map<string, list<string>>')
    .registerVariable('profile', 'string')
    .registerVariable('authority', 'string')
    .registerVariable('identity', 'string'),
  /** `attested.where` */
  predicate: new Environment(OPTIONS)
    .registerVariable('predicate', 'dyn')
    .registerVariable('predicateType', 'string')
    .registerVariable('statement', 'map<string, dyn>'),
};

export type ExpressionKind = keyof typeof KINDS;

/**
 * Parses, type-checks and bounds an expression.
 * @throws ExpressionRefused with a sentence for the author of the policy
 */
export function compileExpression(source: string, kind: ExpressionKind): Expression {
  if (source.trim() === '') throw new ExpressionRefused('it is empty');
  if (source.length > MAX_SOURCE) throw new ExpressionRefused(`it is longer than ${MAX_SOURCE} characters`);
  const parsed = parse(source, kind);
  const syntax: unknown = parsed.ast;
  if (!isSyntax(syntax)) throw new ExpressionRefused('it cannot be read');
  checkSyntax(syntax, source);
  const claims = kind === 'identity' ? mentionedClaims(syntax) : new Set<string>();
  const checked = parsed.check();
  if (!checked.valid) throw new ExpressionRefused(firstLine(checked.error));
  if (checked.type !== 'bool' && checked.type !== 'dyn')
    throw new ExpressionRefused(`it gives a ${checked.type}, not true or false`);
  return { source, claims, evaluate: (variables) => evaluate({ parsed, syntax, source }, variables) };
}

type Parsed = ReturnType<Environment['parse']>;

function parse(source: string, kind: ExpressionKind): Parsed {
  try {
    return KINDS[kind].parse(source);
  } catch (error) {
    throw new ExpressionRefused(firstLine(error));
  }
}

interface Compiled {
  readonly parsed: Parsed;
  readonly syntax: Syntax;
  readonly source: string;
}

function evaluate({ parsed, syntax, source }: Compiled, variables: Variables): ExpressionResult {
  const sizes = [];
  for (const value of Object.values(variables)) {
    const size = sizeOfInput(value);
    if (size === 'too large') return { error: 'the input is larger than an expression may see' };
    sizes.push(size);
  }
  if (costOf(syntax, source, joinSizes(sizes)) > MAX_COST)
    return { error: 'the input is too large for this expression' };
  // Errors that `||` and `exists` swallow would each capture a stack, which is most of their cost. Nothing else
  // runs meanwhile: the evaluation is synchronous.
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    const result: unknown = parsed({ ...variables });
    return typeof result === 'boolean' ? { matched: result } : { error: 'it does not give true or false' };
  } catch (error) {
    return { error: firstLine(error) };
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/**
 * The claims that an identity's expression reads. Each must be named in the text, so that a certificate can carry
 * exactly those and the expression can be judged again from it.
 */
function mentionedClaims(root: Syntax): Set<string> {
  const names = new Set<string>();
  collect(root, names);
  return names;
}

function collect(node: Syntax, names: Set<string>): void {
  const name = claimOf(node);
  if (name !== undefined) {
    names.add(name);
    return;
  }
  if (node.op === 'id' && node.args === 'claims')
    throw new ExpressionRefused(
      'name each claim, as in claims.ref or claims["ref"]: a certificate carries only those that are named',
    );
  // `subject` is judged again from the certificate like any claim.
  if (node.op === 'id' && node.args === 'subject') names.add('sub');
  const call = asCall(node);
  const variable = call?.target === undefined || call.args.length !== 2 ? undefined : call.args[0];
  if (variable?.op === 'id' && ['claims', 'subject', 'san'].includes(String(variable.args)))
    throw new ExpressionRefused(`${String(variable.args)} cannot name a variable of a comprehension`);
  for (const child of syntaxChildren(node)) collect(child, names);
}

function claimOf(node: Syntax): string | undefined {
  const [first, second] = Array.isArray(node.args) ? (node.args as unknown[]) : [];
  if (node.op === '.' && isClaims(first) && typeof second === 'string') return second;
  if (node.op === '[]' && isClaims(first)) return literalText(second);
  if (node.op === 'in' && isClaims(second)) return literalText(first);
  return undefined;
}

function isClaims(value: unknown): boolean {
  return isSyntax(value) && value.op === 'id' && value.args === 'claims';
}

function literalText(value: unknown): string | undefined {
  return isSyntax(value) && value.op === 'value' && typeof value.args === 'string' ? value.args : undefined;
}

// The library shows the source below its sentence; the line of the policy is named elsewhere.
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : 'it cannot be evaluated';
  return (message.split('\n', 1)[0] ?? '').slice(0, 200);
}
