// The keys of the three logs: made at the first start, pinned ever after.
import type { KeyAlgorithm } from '../formats/algorithms.ts';
import type { LogName } from '../ground/change.ts';
import { ensureKey, type PinDeps, type PinnedKey } from '../keys/pinned.ts';
import type { KeyPurpose } from '../keys/signer.ts';

// Sigstore clients verify ECDSA P-256 logs; the audit log is ours and its notes are plain C2SP Ed25519.
const LOG_KEYS: Readonly<
  Record<LogName, { readonly purpose: KeyPurpose; readonly algorithm: KeyAlgorithm }>
> = {
  certificate: { purpose: 'certificate-log', algorithm: 'ec-p256' },
  signature: { purpose: 'signature-log', algorithm: 'ec-p256' },
  audit: { purpose: 'audit-log', algorithm: 'ed25519' },
};

/** @throws SealyardError as `ensureKey` */
export async function ensureLogKeys(deps: PinDeps): Promise<Readonly<Record<LogName, PinnedKey>>> {
  const ensure = (name: LogName): Promise<PinnedKey> => {
    const { purpose, algorithm } = LOG_KEYS[name];
    return ensureKey(deps, { slot: `${purpose}/1`, purpose, algorithm });
  };
  return {
    certificate: await ensure('certificate'),
    signature: await ensure('signature'),
    audit: await ensure('audit'),
  };
}
