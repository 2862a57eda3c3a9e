// The certificate identifier of renewal information (RFC 9773 §4.1): key identifier and serial, base64url, with a dot.
import { fromBase64Url, fromHex, toBase64Url, toHex } from '../ground/bytes.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import { EnrolError } from './problem.ts';

const LONGEST = 128;

export interface CertificateId {
  /** `keyIdentifier` of the authority key identifier. */
  readonly keyId: Uint8Array;
  readonly serial: Serial;
}

/** @throws EnrolError `SY-ENROL-CERTIFICATE-ID` */
export function parseCertificateId(text: string): CertificateId {
  const [keyText = '', serialText = '', ...more] = text.length > LONGEST ? [] : text.split('.');
  const [keyId, serialBytes] = [fromBase64Url(keyText), fromBase64Url(serialText)];
  const serial = serialBytes === undefined ? undefined : serialOf(serialBytes);
  if (keyId === undefined || keyId.length === 0 || serial === undefined || more.length > 0)
    throw new EnrolError('SY-ENROL-CERTIFICATE-ID');
  return { keyId, serial };
}

/** The identifier of a certificate; `undefined` where it has no key identifier. */
export function certificateIdOf(keyId: Uint8Array | undefined, serial: Serial): string | undefined {
  if (keyId === undefined) return undefined;
  const bytes = fromHex(serial) ?? new Uint8Array(0);
  const signed = (bytes[0] ?? 0) >= 0x80 ? new Uint8Array([0, ...bytes]) : bytes;
  return `${toBase64Url(keyId)}.${toBase64Url(signed)}`;
}

// The serial is given as DER's content octets: a leading zero is there when the next bit is set, and only then.
function serialOf(bytes: Uint8Array): Serial | undefined {
  const [first = 0x80, second = 0] = bytes;
  if (first >= 0x80 || (first === 0 && (second < 0x80 || bytes.length === 1))) return undefined;
  return asSerial(toHex(first === 0 ? bytes.subarray(1) : bytes));
}
