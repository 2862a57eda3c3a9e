// What is to be proven and what came of it: the values that go in and out of every validation.
import type { CHALLENGE_CODES } from '../ground/codes/challenge.ts';
import type { JsonObject } from '../ground/json.ts';
import type { ChallengeType, RequestedName } from '../policy/issuance.ts';

export type ChallengeCode = keyof typeof CHALLENGE_CODES;

/** One challenge of one authorization, as the client was told it. */
export interface ValidationTarget {
  readonly type: ChallengeType;
  /** For a wildcard the name below the asterisk (`example.com`); a leading `*.` is taken off here too. */
  readonly identifier: RequestedName;
  readonly wildcard: boolean;
  /** base64url, at least 128 bits (RFC 8555 §8.3); unused by dns-persist-01. */
  readonly token: string;
  /** `token.thumbprint` (RFC 8555 §8.1); dns-persist-01 reads the thumbprint alone. */
  readonly keyAuthorization: string;
  /** The account's URL, whole (RFC 8657 §3, dns-persist-01). */
  readonly accountUri: string;
  /** JWK thumbprints of keys that the account had before a key change (dns-persist-01), newest first. */
  readonly formerThumbprints?: readonly string[];
}

/** A failure that the account's owner can act on. */
export interface Failure {
  readonly code: ChallengeCode;
  /** What was looked for, where, and what was found; printable ASCII, at most a few hundred characters. */
  readonly detail: string;
  /** Whether the same question may be answered otherwise a little later, without anybody asking for a new order. */
  readonly retry: boolean;
}

/** `evidence`: for each point of view what it saw last; less than 1,000 characters as JSON. */
export type ValidationResult =
  | {
      readonly valid: true;
      readonly evidence: JsonObject;
      /** `persistUntil` of the record (dns-persist-01): later the proof must not be used either. */
      readonly usableUntil?: Date;
    }
  | ({ readonly valid: false; readonly evidence: JsonObject } & Failure);

export interface CaaOptions {
  readonly wildcard: boolean;
  readonly accountUri: string;
  /** How control was proven; absent where a policy vouches for the name and nothing was. */
  readonly method: ChallengeType | undefined;
}

export type CaaResult =
  | { readonly allowed: true; readonly evidence: JsonObject }
  | ({ readonly allowed: false; readonly evidence: JsonObject } & Failure);
