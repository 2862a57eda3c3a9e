// What a person expects of a signature: a policy's identity by name, or a certificate's name and issuer outright.
import { SealyardError } from '../ground/errors.ts';
import type { Facts } from '../verify/facts.ts';

export interface ExpectationFlags {
  readonly identity?: string;
  readonly issuer?: string;
}

/** A certificate's subject alternative name and token issuer, compared exactly. */
export interface Expectation {
  readonly identity: string;
  readonly issuer: string;
}

/** Both or neither: a name without its issuer can be had from any issuer. @throws SealyardError `SY-CLI-USAGE` */
export function readExpectation(flags: ExpectationFlags): Expectation | undefined {
  const { identity, issuer } = flags;
  if (identity === undefined && issuer === undefined) return undefined;
  if (identity === undefined || issuer === undefined) {
    throw new SealyardError('SY-CLI-USAGE', '--identity and --issuer belong together');
  }
  return { identity, issuer };
}

/** Whether this signature is by exactly that name, vouched for by exactly that issuer. */
export function meets(facts: Facts, expected: Expectation): boolean {
  return (
    facts.signer.kind === 'certificate' &&
    facts.signer.san.value === expected.identity &&
    facts.signer.issuer === expected.issuer
  );
}

export function signerText(facts: Facts): string {
  return facts.signer.kind === 'certificate'
    ? `${facts.signer.san.value} (${facts.signer.issuer})`
    : 'a key pair';
}
