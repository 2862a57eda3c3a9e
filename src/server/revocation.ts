// Revocation on the foundation of the yard: which profile's entries stay how long, and where failures are told.
import { createRevocation, type Revocation } from '../revoke/revocation.ts';
import type { RevocationSettings } from '../revoke/settings.ts';
import type { Foundation } from './foundation.ts';
import type { ServerLog } from './log.ts';
import type { PolicyHolder } from './policy-holder.ts';

export function openRevocation(o: {
  readonly foundation: Foundation;
  readonly policy: PolicyHolder;
  readonly settings: RevocationSettings;
  readonly log: ServerLog;
}): Revocation {
  const { ceremony, directory, urls, store } = o.foundation;
  return createRevocation({
    ...ceremony,
    authorities: directory,
    settings: o.settings,
    retentionSeconds: (profile) => o.policy.current().profiles.get(profile)?.crlRetentionSeconds ?? 0,
    // Without a plain listener certificates name no list; the lists are there all the same, for who knows of them.
    plainUrl: urls.plainUrl ?? urls.publicUrl,
    restored: store.state === 'restored',
    failed: (what, error) => o.log.error({ error, what }, 'revocation: something failed in the background'),
  });
}
