// A "certs-only" CMS message (RFC 5652 §5 with no signer, RFC 7030 §4.1.3): how EST and Windows carry certificates, `.p7c`.
import { concat } from '../ground/bytes.ts';
import { der } from './der.ts';
import { OID } from './x509/oids.ts';

const ID_DATA = '1.2.840.113549.1.7.1';

/**
 * The DER of a degenerate SignedData: certificates, no signature.
 * @param certificates DER of each; at least one, written in the given order
 */
export function certificatesOnly(certificates: readonly Uint8Array[]): Uint8Array {
  if (certificates.length === 0) throw new TypeError('no certificate');
  const signedData = der.sequence(
    // RFC 5652 §5.1: version 1 where everything is X.509 and data.
    der.integer(1),
    der.set(),
    der.sequence(der.oid(ID_DATA)),
    // A SET, and yet as given: every reader takes the leaf first, and none minds the order (RFC 8551 §3.8 does not ask).
    der.context(0, concat(...certificates)),
    der.set(),
  );
  return der.sequence(der.oid(OID.signedData), der.context(0, signedData));
}
