// A running yard: configuration in, listeners and a handle out.

import type { JsonObject } from '../ground/json.ts';
import type { Clock, Random } from '../ground/ports.ts';
import type { YardConfig } from './config.ts';

export interface Yard {
  /** Without a final slash. */
  readonly publicUrl: string;
  readonly plainUrl: string | undefined;
  readonly admissionUrl: string | undefined;
  readonly rootPem: string;
  /** SHA-256 of the root certificate, lower-case hex. */
  readonly rootFingerprint: string;
  readonly trustedRootJson: string;
  readonly dataDirectory: string;
  readonly isFirstStart: boolean;
  /** Sentences for whoever started it. */
  readonly notices: readonly string[];
  readonly policyVersion: string;
  status(): JsonObject;
  /** Reads the policy document again. @throws SealyardError `SY-POLICY-INVALID`: the old one goes on serving */
  reload(): Promise<string>;
  /** Ends within the grace of the configuration and a little more, whatever clients do. */
  close(): Promise<void>;
}

/** What tests replace. */
export interface YardPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** @throws SealyardError whatever keeps the yard from starting; nothing is left listening then */
export async function startYard(_config: YardConfig, _ports: Partial<YardPorts> = {}): Promise<Yard> {
  throw new TypeError('being written');
}
