// What is wrong with a policy document, and where.
import { SealyardError } from '../ground/errors.ts';

export interface Finding {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Where in the document, as in `environments.production.run[0]`. */
  readonly path: string;
  readonly message: string;
  readonly code: 'SY-POLICY-INVALID';
}

/** A policy document that must not be used; every finding names its line. */
export class PolicyError extends SealyardError {
  readonly findings: readonly Finding[];

  constructor(file: string, findings: readonly Finding[]) {
    const shown = findings.slice(0, 5).map((one) => `${file}:${one.line}: ${one.message}`);
    const more = findings.length > 5 ? `; and ${findings.length - 5} more` : '';
    super('SY-POLICY-INVALID', shown.join('; ') + more);
    this.name = 'PolicyError';
    this.findings = findings;
  }
}
