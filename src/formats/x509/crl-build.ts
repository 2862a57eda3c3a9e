// Building certificate revocation lists (RFC 5280 §5): entries one by one, the list around them, its extensions.

import type { Serial } from '../../ground/ids.ts';
import { encodeAlgorithm, type SignatureAlgorithm } from '../algorithms.ts';
import { der } from '../der.ts';
import { encodeExtension, encodeSerial } from './build.ts';
import type { Extension } from './certificate.ts';
import { REASON_CODES, type RevocationReason } from './crl-reasons.ts';
import { encodeGeneralName } from './general-names.ts';
import { OID } from './oids.ts';

export interface RevokedEntryFields {
  readonly serial: Serial;
  /** Cut to the second. */
  readonly revokedAt: Date;
  readonly reason: RevocationReason;
  /** When the key is known or suspected to have been compromised (RFC 5280 §5.3.2). */
  readonly invalidityDate?: Date | undefined;
}

/** The extension of each reason; `unspecified` is said by leaving it out (RFC 5280 §5.3.1). */
const REASONS: ReadonlyMap<RevocationReason, Uint8Array> = new Map(
  (Object.keys(REASON_CODES) as RevocationReason[])
    .filter((reason) => reason !== 'unspecified')
    .map((reason) => [
      reason,
      encodeExtension(crlExtension(OID.reasonCode, false, der.enumerated(REASON_CODES[reason]))),
    ]),
);
/** The same as a whole list of extensions: a CRL has few different reasons and many entries. */
const REASON_ALONE: ReadonlyMap<RevocationReason, Uint8Array> = new Map(
  [...REASONS].map(([reason, encoded]) => [reason, der.sequence(encoded)]),
);

// Much is revoked in the same second, and entries are read in the order in which that happened more or less.
let lastMs = Number.NaN;
let lastTime: Uint8Array = new Uint8Array(0);

function timeOf(date: Date): Uint8Array {
  if (date.getTime() !== lastMs) {
    lastTime = der.time(date);
    lastMs = date.getTime();
  }
  return lastTime;
}

/** One element of revokedCertificates as DER; entries are joined by laying one after the other. */
export function encodeRevokedEntry(entry: RevokedEntryFields): Uint8Array {
  const extensions = entryExtensions(entry);
  const serial = encodeSerial(entry.serial);
  const time = timeOf(entry.revokedAt);
  return extensions === undefined ? der.sequence(serial, time) : der.sequence(serial, time, extensions);
}

function entryExtensions({ reason, invalidityDate }: RevokedEntryFields): Uint8Array | undefined {
  if (invalidityDate === undefined) return REASON_ALONE.get(reason);
  const reasonCode = REASONS.get(reason);
  const invalidity = encodeExtension(
    crlExtension(OID.invalidityDate, false, der.generalizedTime(invalidityDate)),
  );
  return reasonCode === undefined ? der.sequence(invalidity) : der.sequence(reasonCode, invalidity);
}

export interface CrlTemplate {
  /** Name DER of the authority that signs. */
  readonly issuer: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Entries as `encodeRevokedEntry` makes them, joined. */
  readonly entries: Uint8Array;
  /** At least the authority key identifier and the CRL number (RFC 5280 §5.2). */
  readonly extensions: readonly Extension[];
}

/** The TBSCertList, version 2. Its signature is put on as a certificate's is: `assembleCertificate`. */
export function buildCrlTbs(o: CrlTemplate): Uint8Array {
  return der.sequence(
    VERSION_2,
    encodeAlgorithm(o.signatureAlgorithm),
    o.issuer,
    der.time(o.thisUpdate),
    der.time(o.nextUpdate),
    // RFC 5280 §5.1.2.6: absent where nothing is revoked.
    ...(o.entries.length === 0 ? [] : [der.sequence(o.entries)]),
    der.context(0, der.sequence(...o.extensions.map(encodeExtension))),
  );
}

const VERSION_2 = der.integer(1);

function crlExtension(oid: string, critical: boolean, value: Uint8Array): Extension {
  return { oid, critical, value };
}

export const crlExtensions = {
  /** Not critical (§5.2.3); at most 20 octets. */
  crlNumber: (number: number): Extension => crlExtension(OID.crlNumber, false, der.integer(number)),
  /** Critical (§5.2.4): the number of the complete list that the delta builds on. */
  deltaCrlIndicator: (base: number): Extension =>
    crlExtension(OID.deltaCrlIndicator, true, der.integer(base)),
  /** Critical (§5.2.5): the shard that this list is, by the address that the certificates name. */
  issuingDistributionPoint: (url: string): Extension =>
    crlExtension(OID.issuingDistributionPoint, true, der.sequence(der.context(0, der.context(0, uri(url))))),
  /** Not critical (§5.2.6); in complete lists alone. In certificates it has the same form (§4.2.1.15). */
  freshestCrl: (url: string): Extension =>
    crlExtension(
      OID.freshestCrl,
      false,
      der.sequence(der.sequence(der.context(0, der.context(0, uri(url))))),
    ),
} as const;

function uri(value: string): Uint8Array {
  return encodeGeneralName({ type: 'uri', value });
}
