// The lint: what a certificate must not be, one spoilt certificate for each rule.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { der } from '../../src/formats/der.ts';
import {
  assembleCertificate,
  buildTbs,
  type CertificateTemplate,
  encodeName,
  extensions,
} from '../../src/formats/x509/build.ts';
import { type Extension, parseCertificate } from '../../src/formats/x509/certificate.ts';
import type { GeneralName } from '../../src/formats/x509/general-names.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { asSerial, type Serial } from '../../src/ground/ids.ts';
import { type Form, formOf } from '../../src/issue/form.ts';
import { LINT_RULES, type Linted, type LintFindings, lint } from '../../src/issue/lint/lint.ts';
import { prepare } from '../../src/issue/prepare.ts';
import type { CertificateRequest, KeylessRequest } from '../../src/issue/request.ts';
import type { BuiltInProfile } from '../../src/policy/issuance.ts';
import { openTestYard, type TestYard, testGrant, testIdentity } from './harness.ts';
import { profileOf, requestOf } from './stage.ts';

type Spoilt = readonly (readonly [rule: string, CertificateTemplate])[];

/** A certificate that was prepared as it should be, to be spoilt in one place. */
interface Good {
  readonly template: CertificateTemplate;
  readonly subject: Omit<Linted, 'certificate'>;
}

let yard: TestYard;

before(async () => {
  yard = await openTestYard();
  await yard.authorities();
});
after(() => yard.close());

function goodOf(request: CertificateRequest, base?: BuiltInProfile): Good {
  const { template, issuer } = prepare(request, yard.deps);
  const keyId = template.extensions.find(({ oid }) => oid === OID.subjectKeyIdentifier)?.value.subarray(2);
  return {
    template,
    subject: {
      profileName: request.profile,
      form: formOf(request),
      chain: issuer.authority?.chain ?? [],
      keyId: keyId ?? new Uint8Array(0),
      now: yard.clock.now(),
      ...(base === undefined ? {} : { base }),
    },
  };
}

async function keyless(): Promise<Good> {
  const { codeSigning } = await yard.authorities();
  const { key } = await requestOf(yard);
  const request: KeylessRequest = {
    profile: 'keyless',
    authority: codeSigning,
    key,
    identity: testIdentity(),
    grant: testGrant(),
    policyVersion: '',
  };
  return goodOf(request);
}

async function subscriber(base: BuiltInProfile = 'server-tls', names?: readonly string[]): Promise<Good> {
  return goodOf(await requestOf(yard, { profile: profileOf(base), ...(names && { names }) }), base);
}

function serial(text: string): Serial {
  const found = asSerial(text);
  if (found === undefined) throw new TypeError('not a serial');
  return found;
}

function linted(good: Good, template: CertificateTemplate, form: Partial<Form> = {}): LintFindings {
  const bytes = assembleCertificate(buildTbs(template), template.signatureAlgorithm, new Uint8Array(1));
  const { subject } = good;
  return lint({ ...subject, form: { ...subject.form, ...form }, certificate: parseCertificate(bytes) });
}

function withExtension({ template }: Good, changed: Extension): CertificateTemplate {
  const others = template.extensions.filter(({ oid }) => oid !== changed.oid);
  return { ...template, extensions: [...others, changed] };
}

function without({ template }: Good, oid: string): CertificateTemplate {
  return { ...template, extensions: template.extensions.filter((extension) => extension.oid !== oid) };
}

/** The certificate with these names alone; the subject stays as it is. */
function named(good: Good, ...names: readonly GeneralName[]): CertificateTemplate {
  const critical = good.template.subject.length === 2;
  return withExtension(good, extensions.subjectAltName(names, { critical }));
}

const dns = (value: string): GeneralName => ({ type: 'dns', value });
const uri = (value: string): GeneralName => ({ type: 'uri', value });
const named1 = encodeName([{ oid: OID.commonName, value: 'x' }]);
const tried = new Set<string>();

function findsEach(good: Good, spoilt: Spoilt, kind: keyof LintFindings = 'errors'): void {
  for (const [rule, template] of spoilt) {
    tried.add(rule);
    assert.ok(linted(good, template)[kind].includes(rule), `${rule} was not found`);
  }
}

test('certificates as they should be break no rule', async () => {
  for (const good of [await keyless(), await subscriber(), await subscriber('workload-tls')])
    assert.deepEqual(linted(good, good.template), { errors: [], warnings: [] });
});

test('each way of spoiling a keyless certificate is found by the rule that names it', async () => {
  const good = await keyless();
  const { template } = good;
  const later = (ms: number) => new Date(template.notBefore.getTime() + ms);
  findsEach(good, [
    ['serial-16-to-19-octets', { ...template, serial: serial('01') }],
    ['issuer-is-the-subject-of-the-authority', { ...template, issuer: named1 }],
    ['signature-algorithm-fits-the-authority-key', { ...template, signatureAlgorithm: 'ecdsa-sha384' }],
    ['starts-now', { ...template, notBefore: later(-5000) }],
    ['starts-now', { ...template, notBefore: later(5000) }],
    ['lifetime-within-profile', { ...template, notAfter: later(2 * 86_400_000) }],
    ['within-the-authority-validity', { ...template, notAfter: new Date('2090-01-01T00:00:00Z') }],
    ['subject-as-profile', { ...template, subject: named1 }],
    [
      'names-critical-exactly-without-subject',
      withExtension(good, extensions.subjectAltName([uri('a:b')], { critical: false })),
    ],
    ['names-as-profile', named(good, uri('a:b'), uri('c:d'))],
    ['names-as-profile', without(good, OID.subjectAltName)],
    ['basic-constraints-as-profile', withExtension(good, extensions.basicConstraints({ ca: true }))],
    ['key-usage-as-profile', withExtension(good, extensions.keyUsage(['digitalSignature', 'keyCertSign']))],
    ['key-usage-as-profile', without(good, OID.keyUsage)],
    [
      'extended-key-usage-as-profile',
      withExtension(good, extensions.extendedKeyUsage([OID.anyExtendedKeyUsage])),
    ],
    ['extended-key-usage-as-profile', without(good, OID.extendedKeyUsage)],
    ['usage-within-the-authority-usage', withExtension(good, extensions.extendedKeyUsage([OID.serverAuth]))],
    ['subject-key-id', withExtension(good, extensions.subjectKeyId(new Uint8Array(20)))],
    ['authority-key-id', without(good, OID.authorityKeyIdentifier)],
    ['authority-key-id', withExtension(good, extensions.authorityKeyId(new Uint8Array(20)))],
    ['criticality', withExtension(good, extensions.raw(`${OID.fulcio}.9`, true, Uint8Array.of(12, 0)))],
    ['known-extensions-only', withExtension(good, extensions.raw('1.2.3.4', false, Uint8Array.of(5, 0)))],
    [
      'known-extensions-only',
      withExtension(good, extensions.authorityInfoAccess({ ocsp: 'http://a.example/ocsp' })),
    ],
    ['keyless-names-its-issuer', without(good, `${OID.fulcio}.8`)],
    ['size', withExtension(good, extensions.fulcio(12, 'x'.repeat(40_000)))],
  ]);
});

test('each way of spoiling a server certificate is found by the rule that names it', async () => {
  const good = await subscriber();
  const { template } = good;
  const long = `${'a'.repeat(60)}.example.com`;
  const onlyNamed = { ...template, subject: encodeName([]) };
  findsEach(good, [
    ['common-name-among-the-names', named(good, dns('other.example.com'))],
    [
      'common-name-64-characters',
      { ...template, subject: encodeName([{ oid: OID.commonName, value: long }]) },
    ],
    ['names-critical-exactly-without-subject', onlyNamed],
    ['names-as-profile', named(good, uri('https://a.example/x'))],
    ['no-name-twice', named(good, dns('api.example.com'), dns('api.example.com'))],
    ['wildcard-is-the-first-label', named(good, dns('api.*.example.com'))],
    ['wildcard-is-the-first-label', named(good, dns('a*.example.com'))],
    ['wildcard-above-two-labels', named(good, dns('*.com'))],
    ['dns-lower-case', named(good, dns('API.example.com'))],
    ['dns-labels-1-to-63-octets', named(good, dns('a..example.com'))],
    ['dns-labels-1-to-63-octets', named(good, dns(`${'a'.repeat(64)}.example.com`))],
    ['dns-labels-1-to-63-octets', named(good, dns('api.example.com.'))],
    ['dns-a-labels', named(good, dns('xn--\u0061-ecp.example.com'), dns('xn--999999999.example.com'))],
    ['criticality', withExtension(good, extensions.raw(OID.basicConstraints, false, Uint8Array.of(0x30, 0)))],
    [
      'criticality',
      withExtension(good, { ...extensions.crlDistributionPoint('http://a.example/'), critical: true }),
    ],
    [
      'status-addresses-are-plain-http',
      withExtension(good, extensions.crlDistributionPoint('https://a.example/')),
    ],
    ['delta-beside-its-list', without(good, OID.crlDistributionPoints)],
    ['no-check-is-for-responders', withExtension(good, extensions.ocspNoCheck())],
    ['key-usage-fits-the-key', withExtension(good, extensions.keyUsage(['keyEncipherment']))],
    ['signing-certificates-is-for-authorities', withExtension(good, extensions.keyUsage(['keyCertSign']))],
    ['extended-usage-has-its-key-usage', withExtension(good, extensions.keyUsage(['crlSign']))],
    [
      'time-stamping-alone-and-critical',
      withExtension(
        good,
        extensions.extendedKeyUsage([OID.timeStamping, OID.serverAuth], { critical: true }),
      ),
    ],
    [
      'code-signing-apart-from-tls',
      withExtension(good, extensions.extendedKeyUsage([OID.codeSigning, OID.serverAuth])),
    ],
    [
      'no-any-extended-key-usage',
      withExtension(good, extensions.extendedKeyUsage([OID.anyExtendedKeyUsage])),
    ],
    ['known-extensions-only', withExtension(good, extensions.fulcio(8, 'https://issuer.example'))],
  ]);
});

test('what is bad manners among servers of the public is warned of', async () => {
  const good = await subscriber();
  const { template } = good;
  const anyPolicy = der.sequence(der.sequence(der.oid(OID.anyPolicy)));
  const staple = extensions.raw(OID.tlsFeature, false, der.sequence(der.integer(5)));
  findsEach(
    good,
    [
      ['dns-without-underscore', named(good, dns('my_host.example.com'))],
      ['dns-without-reserved-labels', named(good, dns('ab--cd.example.com'))],
      ['dns-no-internal-name', named(good, dns('shop'))],
      ['dns-no-internal-name', named(good, dns('shop.internal'))],
      ['ip-no-reserved-address', named(good, { type: 'ip', value: Uint8Array.of(10, 1, 2, 3) })],
      [
        'ip-no-reserved-address',
        named(good, { type: 'ip', value: Uint8Array.of(0xfd, ...new Uint8Array(15)) }),
      ],
      [
        'server-lives-398-days-at-most',
        { ...template, notAfter: new Date(template.notBefore.getTime() + 399 * 86_400_000) },
      ],
      [
        'no-any-policy-for-leaves',
        withExtension(good, extensions.raw(OID.certificatePolicies, false, anyPolicy)),
      ],
      [
        'must-staple-has-a-responder',
        { ...template, extensions: [...without(good, OID.authorityInfoAccess).extensions, staple] },
      ],
    ],
    'warnings',
  );
});

test('names of workloads, mail and SPIFFE have rules of their own', async () => {
  const workload = await subscriber('workload-tls');
  findsEach(workload, [
    ['wildcard-as-profile', named(workload, dns('*.example.com'))],
    ['uri-is-absolute', named(workload, uri('https:///path'))],
    ['spiffe-one-id', named(workload, uri('spiffe://a.example/x'), uri('spiffe://a.example/y'))],
  ]);
  const svid = await subscriber('spiffe-svid', ['spiffe://example.com/shop']);
  findsEach(svid, [['spiffe-one-id', named(svid, dns('shop.example.com'))]]);
  const mail = await subscriber('client-tls');
  findsEach(mail, [['email-is-a-mailbox', named(mail, { type: 'email', value: 'a..b@example.com' })]]);
});

test('a name outside of the name constraints above is refused, whichever authority set them', async () => {
  const good = await subscriber();
  const [issuer, root] = good.subject.chain;
  assert.ok(issuer && root);
  const constrained = { ...root, nameConstraints: { permitted: [dns('example.org')], excluded: [] } };
  const subject = { ...good.subject, chain: [issuer, constrained] };
  tried.add('names-within-the-authority-constraints');
  const { errors } = linted({ ...good, subject }, good.template);
  assert.deepEqual(errors, ['names-within-the-authority-constraints']);
});

test('an authority is held to the terms of its ceremony', async () => {
  const { tls } = await yard.authorities();
  const root = tls.chain.at(-1);
  assert.ok(root);
  const spoil = (form: Partial<Form>, chain = [root]): readonly string[] => {
    const { certificate } = tls;
    const good = { ca: true, pathLength: 0, nameConstraints: undefined } as const;
    const base = formOfCa(certificate.extendedKeyUsage);
    return lint({
      certificate,
      profileName: 'issuing-ca',
      form: { ...base, ...good, ...form },
      chain,
      keyId: certificate.subjectKeyId ?? new Uint8Array(0),
      now: certificate.notBefore,
    }).errors;
  };
  assert.deepEqual(spoil({}), []);
  const cases: readonly (readonly [rule: string, readonly string[]])[] = [
    ['basic-constraints-as-profile', spoil({ pathLength: 1 })],
    [
      'name-constraints-as-terms',
      spoil({ nameConstraints: { permitted: [dns('a.example')], excluded: [] } }),
    ],
    ['authority-may-sign', spoil({}, [tls.certificate])],
    ['path-length-below-the-authority', spoil({}, [tls.certificate])],
    ['every-extension-of-the-profile', spoil({ moreExtensions: ['1.2.3.4'] })],
  ];
  for (const [rule, errors] of cases) {
    tried.add(rule);
    assert.ok(errors.includes(rule), rule);
  }
});

function formOfCa(extendedKeyUsage: readonly string[] | undefined): Form {
  return {
    ca: true,
    pathLength: 0,
    nameConstraints: undefined,
    keyUsage: ['keyCertSign', 'crlSign'],
    extendedKeyUsage,
    extendedKeyUsageCritical: false,
    names: 'none',
    wildcard: false,
    subject: 'named',
    leastSeconds: 60,
    mostSeconds: 1e9,
    mayBeginLater: false,
    moreExtensions: [],
  };
}

test('every rule was tried, has a name of its own, and stands with its clause in the conformance table', () => {
  // Certificates of version 1 have no extensions: no template makes one.
  const untried = LINT_RULES.map(({ name }) => name).filter(
    (name) => !tried.has(name) && name !== 'version-3',
  );
  assert.deepEqual(untried, []);
  assert.equal(new Set(LINT_RULES.map(({ name }) => name)).size, LINT_RULES.length);
  const table = readFileSync('docs/conformance/lint.md', 'utf8');
  for (const { name, clause, severity } of LINT_RULES)
    assert.ok(table.includes(`| \`${name}\` | ${clause.replaceAll('|', '\\|')} | ${severity} |`), name);
});
