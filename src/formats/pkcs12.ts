// PKCS #12 files (RFC 7292) as Java, Windows and OpenSSL read them: PBES2 with AES-256 (RFC 8018), MAC with SHA-256.
import { createCipheriv, createHmac, hash, pbkdf2Sync } from 'node:crypto';
import { concat, newBytes, toUtf8 } from '../ground/bytes.ts';
import type { Random } from '../ground/ports.ts';
import { der } from './der.ts';

const OID = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  pkcs8ShroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  /** Java shows a certificate as trusted only with this attribute. */
  trustedKeyUsage: '2.16.840.1.113894.746875.1.1',
  anyExtendedKeyUsage: '2.5.29.37.0',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

/** What Java, Windows and OpenSSL use themselves; the password of such a file is rarely a secret. */
const ITERATIONS = 10_000;
const SALT_BYTES = 16;
const MAX_PASSWORD = 1024;

export interface Pkcs12Content {
  /** A key with its certificates, leaf first; absent for a trust store. */
  readonly entry?: {
    /** PKCS #8, DER. */
    readonly privateKey: Uint8Array;
    readonly chain: readonly Uint8Array[];
    /** Alias in Java, friendly name in Windows. */
    readonly name: string;
  };
  /** Certificates to trust, each with its alias. */
  readonly trusted?: readonly { readonly certificate: Uint8Array; readonly name: string }[];
}

/**
 * A password-protected file. The MAC also tells a wrong password from a damaged file.
 * @throws TypeError for a password that is too long, or an entry without certificate
 */
export function encodePkcs12(content: Pkcs12Content, password: string, random: Random): Uint8Array {
  if (password.length > MAX_PASSWORD) throw new TypeError('the password is too long');
  const safe = der.sequence(...contents(content, password, random));
  return der.sequence(der.integer(3), dataContent(safe), macData(safe, password, random));
}

function contents(content: Pkcs12Content, password: string, random: Random): Uint8Array[] {
  const { entry, trusted = [] } = content;
  const trustedBags = trusted.map(({ certificate, name }) =>
    certificateBag(certificate, [friendlyName(name), trustedUsage()]),
  );
  if (entry === undefined) return [encryptedContent(der.sequence(...trustedBags), password, random)];
  const [leaf, ...others] = entry.chain;
  if (leaf === undefined) throw new TypeError('a key without its certificate');
  const id = localKeyId(leaf);
  const name = friendlyName(entry.name);
  const bags = [
    certificateBag(leaf, [name, id]),
    ...others.map((each) => certificateBag(each, [])),
    ...trustedBags,
  ];
  const key = encrypted(entry.privateKey, password, random);
  const keyBag = bag(OID.pkcs8ShroudedKeyBag, der.sequence(key.algorithm, der.octetString(key.content)), [
    name,
    id,
  ]);
  return [encryptedContent(der.sequence(...bags), password, random), dataContent(der.sequence(keyBag))];
}

/** SafeBag (RFC 7292 §4.2). */
function bag(type: string, value: Uint8Array, attributes: readonly Uint8Array[]): Uint8Array {
  const set = attributes.length === 0 ? [] : [der.set(...attributes)];
  return der.sequence(der.oid(type), der.context(0, value), ...set);
}

function certificateBag(certificate: Uint8Array, attributes: readonly Uint8Array[]): Uint8Array {
  const value = der.sequence(der.oid(OID.x509Certificate), der.context(0, der.octetString(certificate)));
  return bag(OID.certBag, value, attributes);
}

function attribute(type: string, value: Uint8Array): Uint8Array {
  return der.sequence(der.oid(type), der.set(value));
}

function friendlyName(name: string): Uint8Array {
  return attribute(OID.friendlyName, bmpString(name));
}

/** Ties the key to its certificate; any octets will do, the digest of the certificate is what others write. */
function localKeyId(leaf: Uint8Array): Uint8Array {
  return attribute(OID.localKeyId, der.octetString(hash('sha256', leaf, 'buffer').subarray(0, 20)));
}

function trustedUsage(): Uint8Array {
  return attribute(OID.trustedKeyUsage, der.oid(OID.anyExtendedKeyUsage));
}

/** ContentInfo with plain data (RFC 2315 §8). */
function dataContent(bytes: Uint8Array): Uint8Array {
  return der.sequence(der.oid(OID.data), der.context(0, der.octetString(bytes)));
}

/** ContentInfo with EncryptedData (RFC 2315 §13). */
function encryptedContent(bytes: Uint8Array, password: string, random: Random): Uint8Array {
  const { algorithm, content } = encrypted(bytes, password, random);
  const info = der.sequence(der.oid(OID.data), algorithm, der.context(0, content, false));
  return der.sequence(der.oid(OID.encryptedData), der.context(0, der.sequence(der.integer(0), info)));
}

/** PBES2 (RFC 8018 §6.2): PBKDF2 with HMAC-SHA-256, then AES-256-CBC. */
function encrypted(
  plain: Uint8Array,
  password: string,
  random: Random,
): { readonly algorithm: Uint8Array; readonly content: Uint8Array } {
  const salt = random.bytes(SALT_BYTES);
  const iv = random.bytes(16);
  const key = pbkdf2Sync(toUtf8(password), salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const content = concat(cipher.update(plain), cipher.final());
  key.fill(0);
  const derivation = der.sequence(
    der.oid(OID.pbkdf2),
    der.sequence(
      der.octetString(salt),
      der.integer(ITERATIONS),
      der.sequence(der.oid(OID.hmacWithSha256), der.null()),
    ),
  );
  const scheme = der.sequence(der.oid(OID.aes256Cbc), der.octetString(iv));
  return { algorithm: der.sequence(der.oid(OID.pbes2), der.sequence(derivation, scheme)), content };
}

/** MacData (RFC 7292 §4), over the whole AuthenticatedSafe. */
function macData(safe: Uint8Array, password: string, random: Random): Uint8Array {
  const salt = random.bytes(SALT_BYTES);
  const mac = createHmac('sha256', macKey(password, salt)).update(safe).digest();
  const digest = der.sequence(der.sequence(der.oid(OID.sha256), der.null()), der.octetString(mac));
  return der.sequence(digest, der.octetString(salt), der.integer(ITERATIONS));
}

/**
 * RFC 7292 appendix B.2 with SHA-256 and ID 3, for one block of output, which is all that the MAC key takes: no block
 * follows, so that the addition of step 6C is never needed.
 */
function macKey(password: string, salt: Uint8Array): Uint8Array {
  const block = 64;
  const id = new Uint8Array(block).fill(3);
  let key: Uint8Array = concat(
    id,
    repeated(salt, block),
    // The password is a BMPString with its two zero octets; an empty one is those two alone (appendix B.1).
    repeated(concat(utf16(password), new Uint8Array(2)), block),
  );
  for (let i = 0; i < ITERATIONS; i++) key = hash('sha256', key, 'buffer');
  return key;
}

/** The octets over and over, up to a multiple of the block. */
function repeated(octets: Uint8Array, block: number): Uint8Array {
  const out = newBytes(block * Math.ceil(octets.length / block));
  for (let i = 0; i < out.length; i++) out[i] = octets[i % octets.length] ?? 0;
  return out;
}

function bmpString(text: string): Uint8Array {
  const content = utf16(text);
  const tlv = der.octetString(content).slice();
  tlv[0] = 0x1e;
  return tlv;
}

function utf16(text: string): Uint8Array {
  const out = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) {
    out[2 * i] = text.charCodeAt(i) >> 8;
    out[2 * i + 1] = text.charCodeAt(i) & 0xff;
  }
  return out;
}
