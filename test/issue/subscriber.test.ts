// Subscriber certificates: what the profile says and nothing of what a request asks beyond it; one commit for all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDirectory } from '../../src/authority/open.ts';
import { assembleCertificate, extensions } from '../../src/formats/x509/build.ts';
import { extension, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import type { Change } from '../../src/ground/change.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import { isObject, parseJson } from '../../src/ground/json.ts';
import { blockKeyPut, spkiFingerprint } from '../../src/issue/blocked-keys.ts';
import { checkedAsLinted, signTbs } from '../../src/issue/check.ts';
import { issue } from '../../src/issue/issue.ts';
import { serialsWithKey } from '../../src/issue/known-keys.ts';
import { prepare } from '../../src/issue/prepare.ts';
import type { IssuedCertificate, SubscriberRequest } from '../../src/issue/request.ts';
import { periodOfSerial } from '../../src/issue/serial.ts';
import { CERTIFICATES, TOKEN_USES } from '../../src/issue/tables.ts';
import { BUILT_IN_PROFILE_NAMES, KEY_KINDS } from '../../src/policy/issuance.ts';
import { validatePath } from '../../src/verify/chain.ts';
import { hasCode } from '../contract/keystore.ts';
import { openTestYard, PLAIN_URL, type TestYard } from './harness.ts';
import { csrOf, grantOf, keyOf, profileOf, requestOf, spkiOf } from './stage.ts';

let yard: TestYard;
const changes: Change[] = [];
let failing: SealyardError | undefined;

before(async () => {
  yard = await openTestYard({
    wrap: (commit) => (change) => {
      changes.push(change);
      return failing === undefined ? commit(change) : Promise.reject(failing);
    },
  });
  await yard.authorities();
});
after(() => yard.close());

async function made(request: SubscriberRequest): Promise<IssuedCertificate> {
  return issue(prepare(request, yard.deps), yard.deps);
}

function names(certificate: IssuedCertificate['certificate']): readonly string[] {
  return (certificate.subjectAltNames ?? []).map((name) =>
    name.type === 'ip' ? [...name.value].join('.') : String(name.value),
  );
}

test('nothing that a request asks for reaches the certificate but its key and its names', async () => {
  const request = await requestOf(yard, {
    names: ['api.example.com', '10.1.2.3'],
    commonName: 'Somebody Important',
    more: [
      extensions.basicConstraints({ ca: true }),
      extensions.keyUsage(['keyCertSign', 'crlSign']),
      extensions.extendedKeyUsage([OID.codeSigning]),
      extensions.raw('1.2.3.4', true, Uint8Array.of(5, 0)),
      extensions.raw(OID.tlsFeature, false, Uint8Array.of(0x30, 3, 2, 1, 5)),
    ],
  });
  const { certificate } = await made(request);
  assert.deepEqual(names(certificate), ['api.example.com', '10.1.2.3']);
  assert.equal(certificate.subject.text, '');
  assert.equal(extension(certificate, OID.subjectAltName)?.critical, true);
  assert.equal(certificate.basicConstraints, undefined);
  assert.deepEqual([...(certificate.keyUsage ?? [])], ['digitalSignature']);
  assert.deepEqual(certificate.extendedKeyUsage, [OID.serverAuth, OID.clientAuth]);
  assert.deepEqual(
    certificate.extensions.map(({ oid }) => oid).sort(),
    [
      OID.keyUsage,
      OID.extendedKeyUsage,
      OID.subjectKeyIdentifier,
      OID.subjectAltName,
      OID.authorityKeyIdentifier,
      OID.authorityInfoAccess,
      OID.crlDistributionPoints,
      OID.freshestCrl,
    ].sort(),
  );
});

test('status and issuer are found under the plain URL, in the shard that the row names', async () => {
  const { certificate, serial } = await made(await requestOf(yard));
  const { tls } = await yard.authorities();
  const row = yard.store.records.get(CERTIFICATES, { serial });
  const list = `${PLAIN_URL}/crl/${tls.id}/${row?.['crl_shard']}`;
  assert.deepEqual(certificate.crlUrls, [`${list}.crl`]);
  assert.deepEqual(certificate.deltaCrlUrls, [`${list}.delta.crl`]);
  assert.deepEqual(certificate.ocspUrls, [`${PLAIN_URL}/ocsp`]);
  assert.deepEqual(certificate.caIssuersUrls, [`${PLAIN_URL}/ca/${tls.id}.cer`]);
  const prepared = prepare(await requestOf(yard), { ...yard.deps, urls: { plainUrl: undefined } });
  const without = await issue(prepared, yard.deps);
  assert.equal(without.certificate.crlUrls, undefined);
  assert.equal(without.certificate.ocspUrls, undefined);
});

test('one commit holds row, log entry, event and what the caller adds; nothing was committed before it', async () => {
  const request = await requestOf(yard, { change: { order: 'order-1', via: 'acme' } });
  const prepared = prepare(request, yard.deps);
  changes.length = 0;
  const row = { token: 'x', use: 1, serial: 'y', expires_ms: 1 };
  const issued = await issue(prepared, yard.deps, () => ({
    puts: [{ table: TOKEN_USES, mode: 'insert', row }],
  }));
  assert.equal(changes.length, 1);
  const [change] = changes;
  assert.equal(change?.leaves?.length, 1);
  assert.deepEqual(
    change?.events.map(({ action }) => action),
    ['certificate.issued'],
  );
  assert.equal(yard.store.records.get(TOKEN_USES, { token: 'x', use: 1 })?.['serial'], 'y');
  const kept = yard.store.records.get(CERTIFICATES, { serial: issued.serial });
  assert.equal(kept?.['state'], 'issued');
  assert.equal(kept?.['profile'], 'workload-tls');
  assert.equal(kept?.['names'], 'api.example.com');
  assert.equal(kept?.['via'], 'acme');
  assert.equal(kept?.['requester'], 'repo:acme/shop');
  assert.equal(kept?.['log_index'], issued.logIndex);
  assert.deepEqual(kept?.['der'], issued.certificate.der);
  const grant = parseJson(String(kept?.['identity']));
  assert.ok(isObject(grant));
  assert.deepEqual(grant, { identity: 'shop-deployer', policyLine: 7, proof: 'policy', order: 'order-1' });
});

test('the event says which rule granted it, that no challenge was needed, and what the lint warns of', async () => {
  const request = await requestOf(yard, { names: ['my_host.internal', '192.168.1.1'] });
  changes.length = 0;
  await made(request);
  const data = changes[0]?.events[0]?.data ?? {};
  assert.equal(data['proof'], 'policy');
  assert.equal(data['policyLine'], 7);
  assert.match(String(data['lint']), /^sealyard-/);
  assert.deepEqual(data['warnings'], [
    'dns-without-underscore',
    'dns-no-internal-name',
    'ip-no-reserved-address',
  ]);
});

test('where a precondition of the caller does not hold, nothing was issued', async () => {
  const before = yard.store.records.count(CERTIFICATES);
  const prepared = prepare(await requestOf(yard), yard.deps);
  await assert.rejects(
    issue(prepared, yard.deps, () => ({
      puts: [],
      preconditions: [{ table: TOKEN_USES, key: { token: 'x', use: 1 }, expect: 'absent' }],
    })),
    hasCode('SY-STORE-CONFLICT'),
  );
  assert.equal(yard.store.records.count(CERTIFICATES), before);
});

test('a store that fails leaves no certificate, and none is answered', async () => {
  const before = yard.store.records.count(CERTIFICATES);
  failing = new SealyardError('SY-STORE-UNAVAILABLE');
  try {
    await assert.rejects(made(await requestOf(yard)), hasCode('SY-STORE-UNAVAILABLE'));
  } finally {
    failing = undefined;
  }
  assert.equal(yard.store.records.count(CERTIFICATES), before);
});

test('each kind of key gets a certificate that our own validation accepts', async () => {
  const { root, tls } = await yard.authorities();
  for (const kind of KEY_KINDS) {
    const { certificate } = await made(await requestOf(yard, { pair: keyOf(kind) }));
    const path = validatePath({
      leaf: certificate,
      intermediates: [tls.certificate],
      anchors: [root.certificate],
      at: yard.clock.now(),
      extendedKeyUsage: OID.serverAuth,
    });
    assert.equal(path.length, 3, kind);
  }
});

test('each built-in profile issues what it describes', async () => {
  const root = (await openDirectory(yard.deps)).get('root-1');
  assert.ok(root);
  for (const base of BUILT_IN_PROFILE_NAMES) {
    const profile = profileOf(base);
    const wanted = base === 'spiffe-svid' ? ['spiffe://example.com/shop'] : ['shop.example.com'];
    const authority = base === 'intermediate' ? { authority: root } : {};
    const { certificate, serial } = await made(
      await requestOf(yard, { profile, names: wanted, ...authority }),
    );
    assert.deepEqual([...(certificate.keyUsage ?? [])].sort(), [...profile.keyUsage].sort(), base);
    if (base === 'intermediate') {
      assert.deepEqual(certificate.basicConstraints, { ca: true, pathLength: 0 });
      assert.equal(certificate.subject.text, 'CN=shop.example.com');
      assert.equal(certificate.subjectAltNames, undefined);
      assert.deepEqual(certificate.extendedKeyUsage, [OID.serverAuth, OID.clientAuth]);
    } else {
      assert.deepEqual(certificate.extendedKeyUsage, profile.extendedKeyUsage, base);
      assert.deepEqual(names(certificate), wanted, base);
    }
    const seconds = (certificate.notAfter.getTime() - certificate.notBefore.getTime()) / 1000;
    assert.equal(seconds, profile.lifetime.defaultSeconds, base);
    assert.equal(yard.store.records.get(CERTIFICATES, { serial })?.['profile'], base);
  }
});

test('a time-stamping certificate has its one usage critical, a responder is not looked up', async () => {
  const profile = profileOf('timestamping');
  const stamping = await made(await requestOf(yard, { profile }));
  assert.equal(extension(stamping.certificate, OID.extendedKeyUsage)?.critical, true);
  const responder = await made(await requestOf(yard, { profile: profileOf('ocsp-responder') }));
  assert.ok(extension(responder.certificate, OID.ocspNoCheck));
  assert.equal(responder.certificate.ocspUrls, undefined);
});

test('key encipherment is for RSA keys, whatever the profile lists', async () => {
  const profile = profileOf('server-tls', { keyUsage: ['digitalSignature', 'keyEncipherment'] });
  const ec = await made(await requestOf(yard, { profile }));
  const rsa = await made(await requestOf(yard, { profile, pair: keyOf('rsa-2048') }));
  assert.deepEqual([...(ec.certificate.keyUsage ?? [])], ['digitalSignature']);
  assert.deepEqual([...(rsa.certificate.keyUsage ?? [])], ['digitalSignature', 'keyEncipherment']);
});

test('extensions of the profile are there as they stand in it, must-staple among them', async () => {
  const value = Uint8Array.of(0x30, 3, 2, 1, 5);
  const profile = profileOf('server-tls', {
    extensions: [
      { oid: OID.tlsFeature, critical: false, value },
      { oid: '1.3.6.1.4.1.32473.1', critical: false, value: Uint8Array.of(12, 1, 65) },
    ],
  });
  const { certificate } = await made(await requestOf(yard, { profile }));
  assert.deepEqual(certificate.tlsFeatures, [5]);
  assert.deepEqual(extension(certificate, '1.3.6.1.4.1.32473.1')?.value, Uint8Array.of(12, 1, 65));
});

test('kinds of keys and names that the profile does not have are refused', async () => {
  const narrow = profileOf('server-tls', { keys: ['ec-p384'], wildcard: false });
  await assert.rejects(
    async () => made(await requestOf(yard, { profile: narrow })),
    hasCode('SY-ISSUE-KEY-KIND'),
  );
  const pair = keyOf('ec-p384');
  for (const wanted of [['spiffe://example.com/x'], ['*.example.com'], ['ops@example.com'], []])
    await assert.rejects(
      async () => made(await requestOf(yard, { profile: narrow, pair, names: wanted })),
      hasCode('SY-ISSUE-NAME'),
      wanted[0],
    );
  await made(await requestOf(yard, { profile: narrow, pair }));
});

test('a lifetime beyond the grant or below the profile is refused, and a shorter one is given', async () => {
  const profile = profileOf('workload-tls');
  const ask = async (change: Partial<SubscriberRequest>) => made(await requestOf(yard, { profile, change }));
  for (const lifetimeSeconds of [0, -1, 299, 86_401, Number.NaN])
    await assert.rejects(ask({ lifetimeSeconds }), hasCode('SY-ISSUE-LIFETIME'), String(lifetimeSeconds));
  await assert.rejects(
    ask({ grant: grantOf(profile, { lifetimeSeconds: 600 }), lifetimeSeconds: 601 }),
    hasCode('SY-ISSUE-LIFETIME'),
  );
  const { certificate } = await ask({ lifetimeSeconds: 300 });
  assert.equal(certificate.notAfter.getTime() - certificate.notBefore.getTime(), 300_000);
});

test('a certificate may begin within a day, begins now where it should have begun before, and never later', async () => {
  const now = yard.clock.ms;
  const ask = async (notBefore: Date) => made(await requestOf(yard, { change: { notBefore } }));
  const soon = await ask(new Date(now + 3_600_000));
  assert.equal(soon.certificate.notBefore.getTime(), Math.floor((now + 3_600_000) / 1000) * 1000);
  const past = await ask(new Date(now - 3_600_000));
  assert.equal(past.certificate.notBefore.getTime(), Math.floor(now / 1000) * 1000);
  await assert.rejects(ask(new Date(now + 86_402_000)), hasCode('SY-ISSUE-LIFETIME'));
  await assert.rejects(ask(new Date(Number.NaN)), hasCode('SY-ISSUE-LIFETIME'));
});

test('no certificate outlives its authority', async () => {
  // A yard of its own: no clock goes back from there.
  const other = await openTestYard();
  const { tls } = await other.authorities();
  const end = tls.certificate.notAfter.getTime();
  const request = await requestOf(other, { profile: profileOf('server-tls'), authority: tls });
  other.clock.ms = end - 86_400_000;
  const { certificate } = await issue(prepare(request, other.deps), other.deps);
  assert.equal(certificate.notAfter.getTime(), end);
  other.clock.ms = end - 1_800_000;
  assert.throws(() => prepare(request, other.deps), hasCode('SY-ISSUE-LIFETIME'));
  await other.close();
});

test('a profile may make a warning an error, switch it off, and change no fixed rule', async () => {
  const wanted = ['my_host.example.com'];
  const strict = profileOf('workload-tls', { lint: new Map([['dns-without-underscore', 'error']]) });
  await assert.rejects(
    async () => made(await requestOf(yard, { profile: strict, names: wanted })),
    (error: unknown) => error instanceof SealyardError && error.detail === 'dns-without-underscore',
  );
  const lax = profileOf('workload-tls', { lint: new Map([['dns-without-underscore', 'off']]) });
  assert.deepEqual(prepare(await requestOf(yard, { profile: lax, names: wanted }), yard.deps).warnings, []);
  const blind = profileOf('spiffe-svid', { lint: new Map([['spiffe-one-id', 'off']]) });
  await assert.rejects(
    async () => made(await requestOf(yard, { profile: blind, names: ['https://a.example/x'] })),
    hasCode('SY-ISSUE-LINT-REFUSED'),
  );
});

test('what is not the very certificate that was linted is not released', async () => {
  const one = prepare(await requestOf(yard), yard.deps);
  const other = prepare(await requestOf(yard), yard.deps);
  const signed = await signTbs(one, one.tbs);
  assert.equal(checkedAsLinted(one, signed).serial, one.template.serial);
  assert.throws(() => checkedAsLinted(other, signed), hasCode('SY-ISSUE-CHECK'));
  const renamed = assembleCertificate(one.tbs, 'ecdsa-sha384', Uint8Array.of(1));
  assert.throws(() => checkedAsLinted(one, renamed), hasCode('SY-ISSUE-CHECK'));
});

test('a blocked key gets no certificate, under no profile', async () => {
  const pair = keyOf('ec-p521');
  const spkiSha256 = spkiFingerprint(spkiOf(pair.publicKey));
  const put = blockKeyPut({ spkiSha256, reason: 'keyCompromise', source: 'test' }, yard.clock.ms);
  await yard.deps.commit({ puts: [put], events: [] });
  await assert.rejects(async () => made(await requestOf(yard, { pair })), hasCode('SY-ISSUE-KEY-BLOCKED'));
});

test('every certificate of a key is found by it', async () => {
  const pair = keyOf('ed25519');
  const one = await made(await requestOf(yard, { pair, names: ['one.example.com'] }));
  const two = await made(await requestOf(yard, { pair, names: ['two.example.com'] }));
  const spkiSha256 = yard.store.records.get(CERTIFICATES, { serial: one.serial })?.['spki_sha256'];
  assert.ok(spkiSha256 instanceof Uint8Array);
  const found = serialsWithKey(yard.store.records, spkiSha256);
  assert.ok(found.includes(one.serial) && found.includes(two.serial));
});

test('serials sort by the week of expiry, then by the time of issue', async () => {
  const short = await made(await requestOf(yard));
  const long = await made(await requestOf(yard, { profile: profileOf('server-tls') }));
  yard.clock.ms += 2000;
  const later = await made(await requestOf(yard));
  assert.equal(short.serial.length, 36);
  assert.ok(short.serial < later.serial && later.serial < long.serial);
  const week = Math.floor(short.certificate.notAfter.getTime() / (7 * 86_400_000));
  assert.equal(periodOfSerial(short.serial), week);
});

test('a certificate of a hundred names is issued, one of more is refused', async () => {
  const many = Array.from({ length: 100 }, (_, i) => `host-${i}.example.com`);
  const { certificate } = await made(await requestOf(yard, { names: many }));
  assert.equal(parseCertificate(certificate.der).subjectAltNames?.length, 100);
  assert.throws(() => csrOf({ names: [...many, 'one-more.example.com'] }), hasCode('SY-ISSUE-NAME'));
});
