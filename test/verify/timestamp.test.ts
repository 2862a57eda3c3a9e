// Timestamps: ours against openssl ts, openssl's against ours, and everything that must be refused.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { der } from '../../src/formats/der.ts';
import { encodePem } from '../../src/formats/pem.ts';
import {
  assembleTimestampResponse,
  encodeTimestampRefusal,
  encodeTimestampRequest,
  encodeTstInfo,
  parseTimestampRequest,
  parseTimestampResponse,
  type TimestampRequest,
  type TstInfo,
  timestampSignedAttributes,
} from '../../src/formats/timestamp.ts';
import { extensions } from '../../src/formats/x509/build.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { verifyTimestamp } from '../../src/verify/timestamp.ts';
import { noOpenssl, openssl } from '../formats/openssl.ts';
import {
  type KeyKind,
  makeKey,
  makeParty,
  NOW,
  type Party,
  serialOf,
  signWith,
} from '../formats/x509-factory.ts';

const message = new TextEncoder().encode('what was signed');
const purpose = (oids: readonly string[], critical = true) => extensions.extendedKeyUsage(oids, { critical });
const root = makeParty();
const authority = makeParty({
  name: 'tsa ca',
  issuer: root,
  ca: true,
  with: [purpose([OID.timeStamping], false)],
});
const makeTsa = (kind: KeyKind = 'P-256', usage = purpose([OID.timeStamping])): Party =>
  makeParty({ name: 'tsa', issuer: authority, ca: false, key: makeKey(kind), with: [usage] });
const tsa = makeTsa();

const request: TimestampRequest = {
  hashAlgorithm: 'sha256',
  hashedMessage: new Uint8Array(createHash('sha256').update(message).digest()),
  nonce: 0xdead_beef_0123_4567n,
  certReq: true,
};

interface Odd {
  readonly by?: Party;
  readonly info?: Partial<TstInfo>;
  readonly attributes?: (attributes: Uint8Array) => Uint8Array;
  readonly embed?: readonly Uint8Array[];
  /** Whose certificate the attributes claim. */
  readonly claims?: Uint8Array;
}

function respond(odd: Odd = {}): Uint8Array {
  const signer = odd.by ?? tsa;
  const { certReq: _, ...imprint } = request;
  const info = encodeTstInfo({
    ...imprint,
    policy: OID.sigstoreTimestampPolicy,
    serial: serialOf('77aa'),
    genTime: new Date(NOW.getTime() + 120),
    accuracy: { seconds: 1 },
    ordering: false,
    ...odd.info,
  });
  const made = timestampSignedAttributes({
    info,
    certificate: odd.claims ?? signer.certificate.der,
    signatureAlgorithm: signer.key.algorithm,
    signingTime: NOW,
  });
  const signedAttributes = odd.attributes?.(made) ?? made;
  return assembleTimestampResponse({
    info,
    signedAttributes,
    signatureAlgorithm: signer.key.algorithm,
    signature: signWith(signer.key, signedAttributes),
    certificate: signer.certificate,
    certificates: odd.embed ?? [signer.certificate.der, authority.certificate.der],
  });
}

const trust = { anchors: [root.certificate], intermediates: [authority.certificate] };
const check = (response: Uint8Array, more: object = {}) =>
  verifyTimestamp({ response, imprint: { message }, ...trust, ...more });
const refused = (code: string, work: () => unknown): void => assert.throws(work, { code });

describe('a timestamp of ours', () => {
  test('verifies to its time, serial, policy and chain', () => {
    const verified = check(respond(), { nonce: request.nonce });
    assert.equal(verified.at.getTime(), NOW.getTime() + 120);
    assert.equal(verified.serial, '77aa');
    assert.equal(verified.policy, OID.sigstoreTimestampPolicy);
    assert.equal(verified.chain.length, 3);
  });

  test('verifies by digest, and with a leaf that is not embedded', () => {
    const bare = respond({ embed: [] });
    const imprint = { algorithm: 'sha256', digest: request.hashedMessage } as const;
    assert.equal(
      verifyTimestamp({ response: bare, imprint, ...trust, leaf: tsa.certificate }).serial,
      '77aa',
    );
    refused('SY-TIMESTAMP-SIGNER', () => check(bare));
  });

  for (const kind of ['P-256', 'P-384', 'rsa', 'ed25519', 'ml-dsa-44'] as const)
    test(`verifies with a ${kind} key`, () => {
      assert.equal(check(respond({ by: makeTsa(kind) })).serial, '77aa');
    });

  for (const kind of ['P-256', 'P-384', 'rsa'] as const)
    test(`is accepted by openssl ts -verify with a ${kind} key`, { skip: noOpenssl }, () => {
      const files = {
        'r.tsr': respond({ by: makeTsa(kind) }),
        data: message,
        'q.tsq': encodeTimestampRequest(request),
        'root.pem': encodePem('CERTIFICATE', root.certificate.der),
      };
      const at = ['-attime', String(NOW.getTime() / 1000)];
      for (const what of [
        ['-data', 'data'],
        ['-queryfile', 'q.tsq'],
      ]) {
        const { status, text } = openssl(
          ['ts', '-verify', ...what, '-in', 'r.tsr', '-CAfile', 'root.pem', ...at],
          files,
        );
        assert.equal(status, 0, text);
        assert.match(text, /Verification: OK/);
      }
      const shown = openssl(['ts', '-reply', '-in', 'r.tsr', '-text'], files).text;
      assert.match(shown, /Status: Granted/);
      assert.match(shown, /Serial number: 0x77AA/);
      assert.match(shown, /Time stamp: Jun {2}1 00:00:00\.12 2026 GMT/);
      assert.match(shown, /Nonce: 0xDEADBEEF01234567/);
    });
});

describe('a timestamp is refused', () => {
  test('for other bytes', () => {
    refused('SY-TIMESTAMP-IMPRINT', () =>
      verifyTimestamp({ response: respond(), imprint: { message: message.subarray(1) }, ...trust }),
    );
    const imprint = { algorithm: 'sha384', digest: request.hashedMessage } as const;
    refused('SY-TIMESTAMP-IMPRINT', () => verifyTimestamp({ response: respond(), imprint, ...trust }));
  });

  test('with another nonce than was sent, or none', () => {
    refused('SY-TIMESTAMP-NONCE', () => check(respond(), { nonce: 1n }));
  });

  test('from a certificate that is for something else, for more, or not critically for timestamping', () => {
    for (const usage of [
      purpose([OID.codeSigning]),
      purpose([OID.timeStamping, OID.codeSigning]),
      purpose([OID.anyExtendedKeyUsage]),
      purpose([OID.timeStamping], false),
    ])
      refused('SY-TIMESTAMP-SIGNER', () => check(respond({ by: makeTsa('P-256', usage) })));
  });

  test('from an authority that is not trusted, though its chain is embedded', () => {
    const foreign = makeParty({ name: 'foreign' });
    const by = makeParty({ name: 'tsa', issuer: foreign, ca: false, with: [purpose([OID.timeStamping])] });
    const response = respond({ by, embed: [by.certificate.der, foreign.certificate.der] });
    refused('SY-CHAIN-NO-PATH', () => check(response));
    refused('SY-TIMESTAMP-SIGNER', () => check(response, { leaf: tsa.certificate }));
  });

  test('at a time when its certificate was not valid', () => {
    refused('SY-CHAIN-EXPIRED', () =>
      check(respond({ info: { genTime: new Date('2027-06-01T00:00:00Z') } })),
    );
  });

  test('where the attributes claim another certificate or another content', () => {
    refused('SY-TIMESTAMP-SIGNATURE', () => check(respond({ claims: root.certificate.der })));
    const other = encodeTstInfo({ ...parsed().info, serial: serialOf('01') });
    const attributes = () =>
      timestampSignedAttributes({
        info: other,
        certificate: tsa.certificate.der,
        signatureAlgorithm: tsa.key.algorithm,
        signingTime: NOW,
      });
    refused('SY-TIMESTAMP-SIGNATURE', () => check(respond({ attributes })));
  });

  test('with any flipped bit, by a code of ours and never by another error', () => {
    const bytes = respond();
    for (let bit = 0; bit < bytes.length * 8; bit += 5) {
      const altered = bytes.slice();
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        check(altered, { leaf: tsa.certificate, nonce: request.nonce });
        // Embedded certificates are not signed over and ignored here; nothing else may change unseen.
        assert.deepEqual(parseTimestampResponse(altered).token?.infoDer, parsed().infoDer);
      } catch (error) {
        assert.match(String((error as { code?: string }).code), /^SY-/, String(error));
      }
    }
  });

  test('where it is a refusal: the reason is told', () => {
    const refusal = encodeTimestampRefusal({ text: 'no such hash', failure: 'badAlg' });
    assert.deepEqual(parseTimestampResponse(refusal), {
      status: 2,
      statusText: 'no such hash',
      failures: [0],
    });
    assert.throws(() => check(refusal), /no such hash/);
  });

  test('openssl reads our refusals', { skip: noOpenssl }, () => {
    const refusal = encodeTimestampRefusal({ text: 'no such policy', failure: 'unacceptedPolicy' });
    const { text } = openssl(['ts', '-reply', '-in', 'r', '-text'], { r: refusal });
    assert.match(
      text,
      /Status: Rejected\.\nStatus description: no such policy\nFailure info: the requested TSA policy is not supported/,
    );
  });
});

function parsed() {
  const { token } = parseTimestampResponse(respond());
  assert.ok(token);
  return token;
}

describe('a timestamp request', () => {
  test('decodes to what was encoded, and encodes again to the same bytes', () => {
    for (const wish of [
      request,
      { ...request, certReq: false },
      { ...request, policy: '1.2.3' },
      { hashAlgorithm: 'sha512', hashedMessage: new Uint8Array(64), certReq: false } as const,
    ]) {
      const bytes = encodeTimestampRequest(wish);
      assert.deepEqual(parseTimestampRequest(bytes), wish);
      assert.deepEqual(encodeTimestampRequest(parseTimestampRequest(bytes)), bytes);
    }
  });

  test('of openssl parses', { skip: noOpenssl }, () => {
    const { status, text } = openssl(['ts', '-query', '-data', 'd', '-sha384', '-cert', '-no_nonce'], {
      d: message,
    });
    assert.equal(status, 0);
    // Messages for people follow the DER, whose length is its second octet.
    const bytes = new Uint8Array(Buffer.from(text, 'latin1')).subarray(0, 2 + text.charCodeAt(1));
    const read = parseTimestampRequest(bytes);
    assert.equal(read.hashAlgorithm, 'sha384');
    assert.equal(read.certReq, true);
  });

  const imprint = der.sequence(
    der.sequence(der.oid('2.16.840.1.101.3.4.2.1')),
    der.octetString(new Uint8Array(32)),
  );
  for (const [name, bytes] of Object.entries({
    'that is empty': new Uint8Array(0),
    'of version 2': der.sequence(der.integer(2), imprint),
    'without imprint': der.sequence(der.integer(1)),
    'with a digest of the wrong length': der.sequence(
      der.integer(1),
      der.sequence(der.sequence(der.oid('2.16.840.1.101.3.4.2.1')), der.octetString(new Uint8Array(20))),
    ),
    'with a nonce of a kilobyte': der.sequence(
      der.integer(1),
      imprint,
      der.integer(new Uint8Array(1024).fill(1)),
    ),
    'with an extension': der.sequence(der.integer(1), imprint, der.context(0, der.sequence())),
    'with trailing bytes': new Uint8Array([...der.sequence(der.integer(1), imprint), 0]),
    'of ten kilobytes': new Uint8Array(10_240).fill(0x30),
  }))
    test(`${name} is refused`, () => refused('SY-TIMESTAMP-MALFORMED', () => parseTimestampRequest(bytes)));

  test('for SHA-1 names the algorithm that is not known', () => {
    const sha1 = der.sequence(
      der.sequence(der.oid('1.3.14.3.2.26'), der.null()),
      der.octetString(new Uint8Array(20)),
    );
    refused('SY-ALGORITHM-UNKNOWN', () => parseTimestampRequest(der.sequence(der.integer(1), sha1)));
  });
});
