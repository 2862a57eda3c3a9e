// Builders of certificate extensions (RFC 5280 §4.2.1), each with the criticality that its section demands.
import { toUtf8 } from '../../ground/bytes.ts';
import { der } from '../der.ts';
import type { Extension } from './certificate.ts';
import type { NameConstraints } from './extensions.ts';
import { encodeGeneralName, type GeneralName } from './general-names.ts';
import { KEY_USAGES, type KeyUsage, OID } from './oids.ts';
import { sctListValue } from './sct.ts';

function make(oid: string, critical: boolean, value: Uint8Array): Extension {
  return { oid, critical, value };
}

function uri(value: string): Uint8Array {
  return encodeGeneralName({ type: 'uri', value });
}

/** One distribution point with one fullName. */
function distributionPoints(url: string): Uint8Array {
  return der.sequence(der.sequence(der.context(0, der.context(0, uri(url)))));
}

function access(method: string, url: string): Uint8Array {
  return der.sequence(der.oid(method), uri(url));
}

export const extensions = {
  /** Critical (§4.2.1.9). */
  basicConstraints({ ca, pathLength }: { readonly ca: boolean; readonly pathLength?: number }): Extension {
    if (pathLength !== undefined && !ca) throw new TypeError('a path length is for CAs');
    const parts = ca ? [der.boolean(true)] : [];
    if (pathLength !== undefined) parts.push(der.integer(pathLength));
    return make(OID.basicConstraints, true, der.sequence(...parts));
  },
  /** Critical (§4.2.1.3). */
  keyUsage(usages: readonly KeyUsage[]): Extension {
    if (usages.length === 0) throw new TypeError('a keyUsage needs a usage');
    return make(OID.keyUsage, true, der.namedBits(usages.map((usage) => KEY_USAGES.indexOf(usage))));
  },
  /** Critical where the profile says so, e.g. RFC 3161 §2.3 for timestamping. */
  extendedKeyUsage(
    oids: readonly string[],
    { critical = false }: { readonly critical?: boolean } = {},
  ): Extension {
    if (oids.length === 0) throw new TypeError('an extendedKeyUsage needs a usage');
    return make(OID.extendedKeyUsage, critical, der.sequence(...oids.map(der.oid)));
  },
  /** Critical exactly where the subject is empty (§4.2.1.6); the caller knows. */
  subjectAltName(names: readonly GeneralName[], { critical }: { readonly critical: boolean }): Extension {
    if (names.length === 0) throw new TypeError('a subjectAltName needs a name');
    return make(OID.subjectAltName, critical, der.sequence(...names.map(encodeGeneralName)));
  },
  subjectKeyId: (keyId: Uint8Array): Extension =>
    make(OID.subjectKeyIdentifier, false, der.octetString(keyId)),
  authorityKeyId: (keyId: Uint8Array): Extension =>
    make(OID.authorityKeyIdentifier, false, der.sequence(der.context(0, keyId, false))),
  crlDistributionPoint: (url: string): Extension =>
    make(OID.crlDistributionPoints, false, distributionPoints(url)),
  /** Where the delta of that CRL is (§4.2.1.15). */
  freshestCrl: (url: string): Extension => make(OID.freshestCrl, false, distributionPoints(url)),
  /** A responder's certificate that is itself not looked up (RFC 6960 §4.2.2.2.1). */
  ocspNoCheck: (): Extension => make(OID.ocspNoCheck, false, der.null()),
  /** authorityInfoAccess with the address of the issuer's certificate. */
  caIssuers: (url: string): Extension => extensions.authorityInfoAccess({ caIssuers: url }),
  /** authorityInfoAccess with either address or both; a certificate has one such extension. */
  authorityInfoAccess(o: { readonly ocsp?: string; readonly caIssuers?: string }): Extension {
    const parts = [
      ...(o.ocsp === undefined ? [] : [access(OID.ocsp, o.ocsp)]),
      ...(o.caIssuers === undefined ? [] : [access(OID.caIssuers, o.caIssuers)]),
    ];
    if (parts.length === 0) throw new TypeError('an authorityInfoAccess needs an address');
    return make(OID.authorityInfoAccess, false, der.sequence(...parts));
  },
  /** Critical (§4.2.1.10). IP bases are address and mask. */
  nameConstraints({ permitted, excluded }: NameConstraints): Extension {
    const subtrees = (n: number, bases: readonly GeneralName[]): readonly Uint8Array[] =>
      bases.length === 0
        ? []
        : [der.implicit(n, der.sequence(...bases.map((base) => der.sequence(encodeGeneralName(base)))))];
    if (permitted.length + excluded.length === 0) throw new TypeError('name constraints need a subtree');
    return make(OID.nameConstraints, true, der.sequence(...subtrees(0, permitted), ...subtrees(1, excluded)));
  },
  /** Fulcio's 1.3.6.1.4.1.57264.1.n: raw text for 1–6, DER UTF8String from 8 on. */
  fulcio(n: number, text: string): Extension {
    if (n === 7) throw new TypeError('7 is a kind of subjectAltName');
    return make(`${OID.fulcio}.${n}`, false, n <= 6 ? toUtf8(text) : der.utf8String(text));
  },
  /** Serialized SCTs (see `encodeSct`), RFC 6962 §3.3. */
  sctList: (scts: readonly Uint8Array[]): Extension => make(OID.sctList, false, sctListValue(scts)),
  /** Any other extension from its DER. */
  raw: (oid: string, critical: boolean, value: Uint8Array): Extension => make(oid, critical, value),
} as const;
