// The audit event: what happened, to what, by whom, under which policy. Stored in the change that it tells of.
import type { JsonObject } from './json.ts';

/** Every action that is recorded; the list is the vocabulary of `sealyard audit`. */
export type Action =
  | 'yard.created'
  | 'yard.started'
  | 'yard.restored'
  | 'authority.created'
  | 'authority.requested'
  | 'authority.imported'
  | 'authority.recorded'
  | 'authority.cross-signed'
  | 'authority.retired'
  | 'authority.revoked'
  | 'authority.released'
  | 'authority.warned'
  | 'key.created'
  | 'certificate.intended'
  | 'certificate.issued'
  | 'certificate.refused'
  | 'certificate.recorded'
  | 'key.blocked'
  | 'certificate.revoked'
  | 'certificate.released'
  | 'token.created'
  | 'token.exchanged'
  | 'token.revoked'
  | 'token.refused'
  | 'log.entry-added'
  | 'account.created'
  | 'account.updated'
  | 'account.key-changed'
  | 'account.deactivated'
  | 'account.paused'
  | 'account.unpaused'
  | 'binding.created'
  | 'binding.revoked'
  | 'authorization.validated'
  | 'order.failed'
  | 'order.refused'
  | 'campaign.started'
  | 'campaign.ended'
  | 'admission.decided'
  | 'policy.loaded'
  | 'policy.refused'
  | 'clock.refused';

export type Actor =
  | { readonly kind: 'system' }
  /** `id`: the subject of a token, an administrator's name; `issuer`: who vouched for it. */
  | { readonly kind: 'identity'; readonly id: string; readonly issuer: string };

export interface Event {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly action: Action;
  readonly actor: Actor;
  readonly object: { readonly type: string; readonly id: string };
  readonly outcome: 'done' | 'refused' | 'failed';
  /** Digest of the policy document that decided, where one did. */
  readonly policyVersion?: string;
  /** Further facts for search and evidence; no secrets, bounded by the writer to 64 KiB as JSON. */
  readonly data: JsonObject;
}
