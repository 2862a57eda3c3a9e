// Inheritance: what a child may is what its parent may and it says itself; what a child demands is added. A line that
// could never take effect is a finding that names both lines.
import type { EnvironmentName, IdentityName } from '../ground/ids.ts';
import {
  DEFAULT_LIFETIME,
  type WrittenEnvironment,
  type WrittenRun,
  type WrittenSign,
} from './environment-section.ts';
import type { Glob } from './glob.ts';
import type { EffectiveEnvironment, RunRule, SignRule } from './policy.ts';
import { duration } from './shape.ts';
import type { TightenContext } from './tighten-context.ts';
import { combineAuthorities, combineIssue } from './tighten-issue.ts';

const MAX_LINEAGE = 16;
/** Rules multiply where children narrow several of their parent's, so what comes of it is bounded too. */
const MAX_RULES = 1000;

/** All environments with what they inherit, in the order of the document. */
export function tighten(context: TightenContext): Map<EnvironmentName, EffectiveEnvironment> {
  const done = new Map<EnvironmentName, EffectiveEnvironment>();
  for (const environment of context.written.values()) {
    const effective = resolve(environment, [], context, done);
    if (
      context.overlap.spent ||
      (effective?.sign.length ?? 0) > MAX_RULES ||
      (effective?.issue.length ?? 0) > MAX_RULES ||
      (effective?.run.length ?? 0) > MAX_RULES
    ) {
      context.findings.add(
        environment.key,
        `up to "${environment.name}" there are too many rules and patterns`,
      );
      break;
    }
  }
  const inOrder = new Map<EnvironmentName, EffectiveEnvironment>();
  for (const name of context.written.keys()) {
    const effective = done.get(name);
    if (effective !== undefined) inOrder.set(name, effective);
  }
  return inOrder;
}

function resolve(
  written: WrittenEnvironment,
  below: readonly EnvironmentName[],
  context: TightenContext,
  done: Map<EnvironmentName, EffectiveEnvironment>,
): EffectiveEnvironment | undefined {
  const known = done.get(written.name);
  if (known !== undefined) return known;
  const path = [...below, written.name];
  if (below.includes(written.name) || below.length >= MAX_LINEAGE) {
    const why = below.includes(written.name) ? 'extends itself' : 'extends too many others';
    context.findings.add(
      written.extends?.at ?? written.key,
      `environment "${written.name}" ${why}: ${path.join(' → ')}`,
    );
    return undefined;
  }
  const parentWritten = written.extends === undefined ? undefined : context.written.get(written.extends.name);
  const parent = parentWritten === undefined ? undefined : resolve(parentWritten, path, context, done);
  if (written.extends !== undefined && parent === undefined) return undefined;
  const effective = combine(written, parent, context);
  done.set(written.name, effective);
  return effective;
}

function combine(
  written: WrittenEnvironment,
  parent: EffectiveEnvironment | undefined,
  context: TightenContext,
): EffectiveEnvironment {
  const development = readMark(written, parent, context);
  const authorities = combineAuthorities(written, parent, context);
  const effective: EffectiveEnvironment = {
    name: written.name,
    lineage: [...(parent?.lineage ?? []), written.name],
    development,
    sign: combineSign(written, parent, context),
    issue: combineIssue({ written, parent, authorities, context }),
    authorities,
    run: combineRun(written, parent, context),
    line: written.key.line,
  };
  checkDevelopment(written, effective, context);
  checkRequirements(written, effective, context);
  return effective;
}

// The mark loosens, so it is never inherited, and a child cannot bear it where its parent does not.
function readMark(
  written: WrittenEnvironment,
  parent: EffectiveEnvironment | undefined,
  context: TightenContext,
): boolean {
  const marked = written.development?.value === true;
  if (!marked || parent === undefined || parent.development) return marked;
  context.findings.add(
    written.development?.at ?? written.key,
    `"development: true" cannot take effect: "${parent.name}" (line ${parent.line}), which it extends, is not marked`,
  );
  return false;
}

function combineSign(
  written: WrittenEnvironment,
  parent: EffectiveEnvironment | undefined,
  context: TightenContext,
): readonly SignRule[] {
  if (written.sign === undefined) return parent?.sign ?? [];
  if (parent === undefined) return written.sign.map((rule) => ownSign(rule, context));
  return written.sign.flatMap((rule) => narrowSign(rule, parent, context));
}

function ownSign(rule: WrittenSign, context: TightenContext): SignRule {
  return {
    who: rule.who,
    countsFor: [rule.countsFor],
    lifetimeSeconds: rule.lifetimeSeconds ?? DEFAULT_LIFETIME,
    development: context.isDevelopment(rule.who),
    line: rule.at.line,
    narrows: [],
  };
}

function narrowSign(
  rule: WrittenSign,
  parent: EffectiveEnvironment,
  context: TightenContext,
): readonly SignRule[] {
  const never = (why: string) => {
    context.findings.add(rule.at, `this rule could never take effect: ${why}`);
    return [];
  };
  const sameWho = parent.sign.filter((one) => one.who === rule.who);
  const [first] = sameWho;
  if (first === undefined)
    return never(`"${parent.name}" (line ${parent.line}) lets "${rule.who}" sign nothing`);
  const meeting = sameWho.filter((one) =>
    one.countsFor.every((globs) => context.overlap.any(globs, rule.countsFor)),
  );
  if (meeting.length === 0) return never(`its "counts-for" has nothing in common with line ${first.line}`);
  const { lifetimeSeconds } = rule;
  const longest = Math.max(...meeting.map((one) => one.lifetimeSeconds));
  if (lifetimeSeconds !== undefined && lifetimeSeconds > longest)
    return never(`line ${first.line} allows a lifetime of ${duration(longest)} at most`);
  return meeting.map((one) => ({
    ...one,
    countsFor: [...one.countsFor, rule.countsFor],
    lifetimeSeconds: Math.min(one.lifetimeSeconds, lifetimeSeconds ?? one.lifetimeSeconds),
    line: rule.at.line,
    narrows: [...one.narrows, one.line],
  }));
}

function combineRun(
  written: WrittenEnvironment,
  parent: EffectiveEnvironment | undefined,
  context: TightenContext,
): readonly RunRule[] {
  const inherited = parent?.run ?? [];
  const opens = parent === undefined;
  const own = (written.run ?? []).filter((rule) => opens || reachable(rule, parent, context));
  return [
    ...inherited,
    ...own.map((rule) => ({
      opens,
      environment: written.name,
      images: rule.images,
      require: rule.require,
      line: rule.at.line,
    })),
  ];
}

function reachable(rule: WrittenRun, parent: EffectiveEnvironment, context: TightenContext): boolean {
  const openers = parent.run.filter((one) => one.opens);
  if (openers.some((one) => context.overlap.any(one.images, rule.images))) return true;
  const [first] = openers;
  const why =
    first === undefined
      ? `nothing runs in "${parent.name}" (line ${parent.line}), which it extends`
      : `its images are none that line ${first.line} of "${first.environment}" lets run`;
  context.findings.add(rule.at, `this rule could never take effect: ${why}`);
  return false;
}

function checkDevelopment(
  written: WrittenEnvironment,
  effective: EffectiveEnvironment,
  context: TightenContext,
): void {
  if (effective.development) return;
  const message = (who: IdentityName | 'anyone') =>
    `"${who}" is vouched for by the built-in issuer, which counts only in an environment marked "development: true"; "${written.name}" (line ${effective.line}) is not`;
  for (const rule of [...(written.sign ?? []), ...(written.issue ?? [])])
    if (context.isDevelopment(rule.who)) context.findings.add(rule.at, message(rule.who));
  for (const rule of written.run ?? [])
    for (const requirement of rule.require)
      if (context.isDevelopment(requirement.by))
        context.findings.add({ ...rule.at, line: requirement.line }, message(requirement.by));
}

// A requirement that no `sign` rule can ever meet would refuse every image, which is surely not what was meant.
function checkRequirements(
  written: WrittenEnvironment,
  effective: EffectiveEnvironment,
  context: TightenContext,
): void {
  for (const rule of written.run ?? [])
    for (const requirement of rule.require) {
      const grants = effective.sign.filter((grant) => grant.who === requirement.by);
      if (grants.some((grant) => grant.countsFor.every((globs) => context.overlap.any(globs, rule.images))))
        continue;
      context.findings.add(
        { ...rule.at, line: requirement.line },
        unmeetable(requirement.by, grants, written, rule.images),
      );
    }
}

function unmeetable(
  who: IdentityName,
  grants: readonly SignRule[],
  written: WrittenEnvironment,
  images: readonly Glob[],
): string {
  const [first] = grants;
  if (first === undefined)
    return `this could never be met: no "sign" rule of "${written.name}" (line ${written.key.line}) names "${who}"`;
  const text = images.map((glob) => glob.text).join(', ');
  return `this could never be met: what "${who}" signs counts for none of ${text} ("counts-for" of line ${first.line})`;
}
