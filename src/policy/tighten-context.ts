// What every part of the inheritance needs: the environments as written, where findings go, and a budget for
// comparing patterns.
import type { EnvironmentName, IdentityName } from '../ground/ids.ts';
import type { Findings } from './document.ts';
import type { WrittenEnvironment } from './environment-section.ts';
import { type Glob, overlaps } from './glob.ts';
import { comparisonSteps, type NamePattern, patternsMeet } from './name-pattern.ts';

export interface TightenContext {
  readonly written: ReadonlyMap<EnvironmentName, WrittenEnvironment>;
  /** Whether the built-in issuer vouches for this identity. */
  readonly isDevelopment: (identity: IdentityName | 'anyone') => boolean;
  readonly findings: Findings;
  /** Compares patterns, within a budget for the whole document. */
  readonly overlap: OverlapBudget;
}

const MAX_STEPS = 20_000_000;

/** Comparing every pattern with every other is quadratic; a document that asks for too much of it is refused. */
export class OverlapBudget {
  #steps = 0;

  get spent(): boolean {
    return this.#steps > MAX_STEPS;
  }

  /** Whether some image matches a pattern of each list. */
  any(a: readonly Glob[], b: readonly Glob[]): boolean {
    return a.some((one) =>
      b.some(
        (other) => this.#pays((one.tokens.length + 1) * (other.tokens.length + 1)) || overlaps(one, other),
      ),
    );
  }

  /** Whether some name of a certificate matches a pattern of each list. */
  names(a: readonly NamePattern[], b: readonly NamePattern[]): boolean {
    return a.some((one) =>
      b.some((other) => this.#pays(comparisonSteps(one, other)) || patternsMeet(one, other)),
    );
  }

  // True once it is spent: the document is refused, and what comparing would have said no longer matters.
  #pays(steps: number): boolean {
    this.#steps += steps;
    return this.spent;
  }
}
