// Patterns of names that an `issue` rule grants: exact, glob (DNS, URI, mail), network (IP).
import type { Glob } from './glob.ts';

/** A pattern over text: DNS names, URIs and mail addresses. */
export interface TextPattern {
  readonly type: 'dns' | 'uri' | 'email';
  readonly text: string;
  readonly glob: Glob;
}

/** One address or a network. */
export interface NetworkPattern {
  readonly type: 'ip';
  readonly text: string;
  /** 4 or 16 octets, those beyond the prefix zero. */
  readonly network: Uint8Array;
  readonly prefixBits: number;
}

export type NamePattern = TextPattern | NetworkPattern;
