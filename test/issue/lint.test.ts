// The lint: what a certificate of each profile must not be, one spoilt certificate for each rule.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Authority } from '../../src/authority/authority.ts';
import {
  assembleCertificate,
  buildTbs,
  type CertificateTemplate,
  encodeName,
  extensions,
} from '../../src/formats/x509/build.ts';
import { type Extension, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { asSerial, type Serial } from '../../src/ground/ids.ts';
import { keyIdOf } from '../../src/issue/caller-key.ts';
import { LINT_RULES, lint } from '../../src/issue/lint.ts';
import { openTestYard, type TestYard } from './harness.ts';

let yard: TestYard;
let ca: Authority;
let good: CertificateTemplate;

before(async () => {
  yard = await openTestYard();
  ca = (await yard.authorities()).codeSigning;
  const signer = await yard.keys.create({ purpose: 'listener', algorithm: 'ec-p256' });
  const { spki } = signer.publicKey;
  const notBefore = new Date(Math.floor(yard.clock.ms / 1000) * 1000);
  good = {
    serial: serial('4f'.repeat(16)),
    issuer: ca.certificate.subject.der,
    subject: encodeName([]),
    notBefore,
    notAfter: new Date(notBefore.getTime() + 600_000),
    spki,
    signatureAlgorithm: 'ecdsa-sha256',
    extensions: [
      extensions.keyUsage(['digitalSignature']),
      extensions.extendedKeyUsage([OID.codeSigning]),
      extensions.subjectKeyId(keyIdOf(spki)),
      extensions.subjectAltName([{ type: 'uri', value: 'https://a.example/x' }], { critical: true }),
      extensions.fulcio(8, 'https://issuer.example'),
      ca.authorityKeyId,
    ],
  };
});

after(() => yard.close());

function serial(text: string): Serial {
  const found = asSerial(text);
  if (found === undefined) throw new TypeError('not a serial');
  return found;
}

function linted(template: CertificateTemplate): readonly string[] {
  const der = assembleCertificate(buildTbs(template), template.signatureAlgorithm, new Uint8Array(1));
  return lint({
    certificate: parseCertificate(der),
    profileName: 'keyless',
    issuer: ca.certificate,
    terms: undefined,
    keyId: keyIdOf(good.spki),
    now: yard.clock.now(),
  });
}

function withExtension(changed: Extension): CertificateTemplate {
  return { ...good, extensions: [...good.extensions.filter(({ oid }) => oid !== changed.oid), changed] };
}

function without(oid: string): CertificateTemplate {
  return { ...good, extensions: good.extensions.filter((extension) => extension.oid !== oid) };
}

test('a certificate as it should be breaks no rule', () => {
  assert.deepEqual(linted(good), []);
});

test('each way of spoiling a certificate is found by the rule that names it', () => {
  const named = encodeName([{ oid: OID.commonName, value: 'x' }]);
  const two = (value: string) => ({ type: 'uri', value }) as const;
  const spoilt: readonly (readonly [rule: string, CertificateTemplate])[] = [
    ['serial-16-to-19-octets', { ...good, serial: serial('01') }],
    ['issuer-is-the-subject-of-the-authority', { ...good, issuer: named }],
    ['signature-algorithm-fits-the-authority-key', { ...good, signatureAlgorithm: 'ecdsa-sha384' }],
    ['starts-now', { ...good, notBefore: new Date(good.notBefore.getTime() - 5000) }],
    ['lifetime-within-profile', { ...good, notAfter: new Date(good.notBefore.getTime() + 2 * 86_400_000) }],
    ['within-the-authority-validity', { ...good, notAfter: new Date('2090-01-01T00:00:00Z') }],
    ['subject-as-profile', { ...good, subject: named }],
    [
      'names-critical-exactly-without-subject',
      withExtension(extensions.subjectAltName([two('a:b')], { critical: false })),
    ],
    [
      'names-as-profile',
      withExtension(extensions.subjectAltName([two('a:b'), two('c:d')], { critical: true })),
    ],
    ['names-as-profile', without(OID.subjectAltName)],
    ['basic-constraints-as-profile', withExtension(extensions.basicConstraints({ ca: true }))],
    ['key-usage-as-profile', withExtension(extensions.keyUsage(['digitalSignature', 'keyCertSign']))],
    ['key-usage-as-profile', without(OID.keyUsage)],
    ['extended-key-usage-as-profile', withExtension(extensions.extendedKeyUsage([OID.anyExtendedKeyUsage]))],
    ['extended-key-usage-as-profile', without(OID.extendedKeyUsage)],
    ['usage-within-the-authority-usage', withExtension(extensions.extendedKeyUsage([OID.serverAuth]))],
    ['subject-key-id', withExtension(extensions.subjectKeyId(new Uint8Array(20)))],
    ['authority-key-id', without(OID.authorityKeyIdentifier)],
    ['authority-key-id', withExtension(extensions.authorityKeyId(new Uint8Array(20)))],
    ['criticality', withExtension(extensions.raw(`${OID.fulcio}.9`, true, Uint8Array.of(12, 0)))],
    ['known-extensions-only', withExtension(extensions.raw('1.2.3.4', false, Uint8Array.of(5, 0)))],
    ['keyless-names-its-issuer', without(`${OID.fulcio}.8`)],
    ['size', withExtension(extensions.fulcio(12, 'x'.repeat(40_000)))],
  ];
  for (const [rule, template] of spoilt) assert.ok(linted(template).includes(rule), rule);
});

test('rules have names of their own and say where they are written', () => {
  assert.equal(new Set(LINT_RULES.map(({ name }) => name)).size, LINT_RULES.length);
  assert.ok(LINT_RULES.every(({ clause }) => clause.length > 5));
});
