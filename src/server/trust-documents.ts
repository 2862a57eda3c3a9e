// The trust documents of the running yard, rendered when something in them changes and prepared for our own verifying.
import { signingConfigJson } from '../formats/signing-config.ts';
import { type TrustedRoot, trustedRootJson } from '../formats/trusted-root.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import { signingConfigOf } from '../trust/signing-config.ts';
import { trustedRootOf } from '../trust/trusted-root.ts';
import { prepareTrust, type TrustMaterial } from '../verify/trust.ts';
import type { Foundation } from './foundation.ts';
import type { ServiceCertificates } from './service-certificates.ts';

export interface TrustDocuments {
  trustedRoot(): string;
  signingConfig(): string;
  /** Prepared on first use: a yard that admits nothing need not parse its own root. */
  material(): TrustMaterial;
  /** The timestamping chains are others now. */
  changed(): void;
}

/** What a revoked authority signed no longer counts; what a retired one signed does. */
function signingChains({ directory }: Foundation): readonly (readonly Certificate[])[] {
  return directory
    .known()
    .filter(({ purpose, state }) => purpose === 'code-signing' && state !== 'revoked')
    .map(({ chain }) => chain);
}

export function openTrustDocuments(o: {
  readonly foundation: Foundation;
  readonly certificates: () => ServiceCertificates;
  readonly developmentIssuer: string | undefined;
}): TrustDocuments {
  const { foundation } = o;
  const { publicUrl } = foundation.urls;
  const make = (): TrustedRoot =>
    trustedRootOf({
      publicUrl,
      signingChains: signingChains(foundation),
      timestampChains: o.certificates().timestamp().chains,
      logs: foundation.logs,
      logKeysSince: foundation.logKeysSince,
    });
  let root: { readonly parsed: TrustedRoot; readonly text: string } | undefined;
  let material: TrustMaterial | undefined;
  const present = () => {
    if (root === undefined) {
      const parsed = make();
      root = { parsed, text: JSON.stringify(trustedRootJson(parsed), undefined, 2) };
    }
    return root;
  };
  const signingConfig = JSON.stringify(
    signingConfigJson(
      signingConfigOf({
        publicUrl,
        operator: foundation.organization,
        since: foundation.authorities.codeSigning.certificate.notBefore,
        ...(o.developmentIssuer === undefined ? {} : { developmentIssuer: o.developmentIssuer }),
      }),
    ),
    undefined,
    2,
  );
  return {
    trustedRoot: () => present().text,
    signingConfig: () => signingConfig,
    material() {
      material ??= prepareTrust(present().parsed);
      return material;
    },
    changed() {
      root = undefined;
      material = undefined;
    },
  };
}
