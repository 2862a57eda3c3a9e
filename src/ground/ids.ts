// Branded identifiers: a serial is not a digest, though both are strings.

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A certificate serial: lower-case hex without leading zeros beyond one octet pair, e.g. `0a1f…`. */
export type Serial = Branded<'Serial'>;
/** `sha256:` and 64 lower-case hex digits (OCI image-spec, descriptor digest). */
export type Digest = Branded<'Digest'>;
/** An environment's name in the policy document. */
export type EnvironmentName = Branded<'EnvironmentName'>;
/** An identity's name in the policy document. */
export type IdentityName = Branded<'IdentityName'>;

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const NAME = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i;
const SERIAL = /^([0-9a-f]{2}){1,21}$/;

export function asDigest(text: string): Digest | undefined {
  return DIGEST.test(text) ? (text as Digest) : undefined;
}

export function asSerial(text: string): Serial | undefined {
  return SERIAL.test(text) ? (text as Serial) : undefined;
}

export function asEnvironmentName(text: string): EnvironmentName | undefined {
  return NAME.test(text) ? (text as EnvironmentName) : undefined;
}

export function asIdentityName(text: string): IdentityName | undefined {
  return NAME.test(text) ? (text as IdentityName) : undefined;
}
