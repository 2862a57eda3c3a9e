// Keyless certificates: the profile, the promise of the log, the two commits, and what is refused.
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { EVENTS } from '../../src/audit/tables.ts';
import { leafHash, verifyInclusion } from '../../src/formats/merkle.ts';
import { decodeTileLeaf, merkleTreeLeaf } from '../../src/formats/static-ct.ts';
import { extension, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { leafIndexOf, parseSctList, sctSignedBytes, tbsWithoutScts } from '../../src/formats/x509/sct.ts';
import { equalBytes, fromUtf8 } from '../../src/ground/bytes.ts';
import type { Commit } from '../../src/ground/change.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import type { Identity } from '../../src/identity/identity.ts';
import { provePossession, readCallerKey } from '../../src/issue/caller-key.ts';
import { issue } from '../../src/issue/issue.ts';
import { prepare } from '../../src/issue/prepare.ts';
import type { IssuedCertificate, SignGrant } from '../../src/issue/request.ts';
import { CERTIFICATES } from '../../src/issue/tables.ts';
import { validatePath } from '../../src/verify/chain.ts';
import { verifySignature } from '../../src/verify/key.ts';
import { hasCode } from '../contract/keystore.ts';
import { openTestYard, type TestYard, testGrant, testIdentity } from './harness.ts';

const caller = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function spki(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
}

async function ask(
  yard: TestYard,
  identity: Identity,
  grant: SignGrant = testGrant(),
): Promise<IssuedCertificate> {
  const { codeSigning } = await yard.authorities();
  const key = provePossession({
    publicKey: readCallerKey(spki(caller.publicKey)),
    challenge: identity.challenge,
    signature: sign('sha256', Buffer.from(identity.challenge), caller.privateKey),
  });
  const request = {
    profile: 'keyless',
    authority: codeSigning,
    key,
    identity,
    grant,
    policyVersion: 'sha256:00',
  } as const;
  return issue(prepare(request, yard.deps), yard.deps);
}

test('a keyless certificate has exactly the profile of the sigstore specification', async () => {
  const yard = await openTestYard();
  const { certificate, chain } = await ask(yard, testIdentity());
  const { codeSigning, root } = await yard.authorities();
  assert.equal(certificate.subject.attributes.length, 0);
  assert.equal(extension(certificate, OID.subjectAltName)?.critical, true);
  assert.deepEqual(certificate.subjectAltNames, [testIdentity().san]);
  assert.deepEqual([...(certificate.keyUsage ?? [])], ['digitalSignature']);
  assert.equal(extension(certificate, OID.keyUsage)?.critical, true);
  assert.deepEqual(certificate.extendedKeyUsage, [OID.codeSigning]);
  assert.equal(certificate.basicConstraints, undefined);
  assert.deepEqual(certificate.authorityKeyId, codeSigning.certificate.subjectKeyId);
  assert.equal(certificate.notBefore.toISOString(), '2026-11-24T10:00:00.000Z');
  assert.equal(certificate.notAfter.getTime() - certificate.notBefore.getTime(), 600_000);
  assert.equal(textOf(certificate, 1), testIdentity().issuer);
  assert.equal(textOf(certificate, 8)?.endsWith(testIdentity().issuer), true);
  const claims = extension(certificate, OID.sealyardClaims);
  assert.equal(fromUtf8(claims?.value.subarray(2) ?? new Uint8Array(0)), '{"ref_protected":"true"}');
  assert.deepEqual(
    chain.map((each) => each.serial),
    [certificate.serial, codeSigning.certificate.serial, root.certificate.serial],
  );
  validatePath({
    leaf: certificate,
    intermediates: [codeSigning.certificate],
    anchors: [root.certificate],
    at: yard.clock.now(),
    extendedKeyUsage: OID.codeSigning,
  });
  await yard.close();
});

function textOf(certificate: IssuedCertificate['certificate'], n: number): string | undefined {
  return fromUtf8(extension(certificate, `${OID.fulcio}.${n}`)?.value ?? new Uint8Array(0));
}

test('the SCT is signed by the log over the certificate without it, and names the entry that is in the tree', async () => {
  const yard = await openTestYard();
  const { certificate, logIndex } = await ask(yard, testIdentity());
  const { codeSigning } = await yard.authorities();
  const [sct, ...more] = parseSctList(extension(certificate, OID.sctList)?.value ?? new Uint8Array(0));
  assert.ok(sct !== undefined && more.length === 0);
  assert.equal(leafIndexOf(sct.extensions), logIndex);
  assert.equal(sct.timestampMs, yard.clock.ms);
  assert.deepEqual([...sct.logId], [...yard.logs.logId('certificate')]);
  const signed = sctSignedBytes({
    timestampMs: sct.timestampMs,
    issuerKeyHash: codeSigning.issuerKeyHash,
    tbsWithoutScts: tbsWithoutScts(certificate),
    extensions: sct.extensions,
  });
  const { signer } = yard.logs.spec('certificate');
  assert.ok(verifySignature(signer.publicKey, 'ecdsa-sha256', signed, sct.signature));

  const entry = decodeTileLeaf(yard.logs.entry('certificate', logIndex) ?? new Uint8Array(0));
  assert.ok(entry.type === 'precertificate');
  assert.ok(equalBytes(entry.tbs, tbsWithoutScts(certificate)));
  const precertificate = parseCertificate(entry.precertificate);
  assert.equal(extension(precertificate, OID.ctPoison)?.critical, true);
  assert.equal(precertificate.serial, certificate.serial);
  const { size, rootHash } = yard.logs.head('certificate');
  const proof = yard.logs.inclusionProof('certificate', logIndex, size);
  const hash = leafHash(merkleTreeLeaf(entry));
  assert.ok(verifyInclusion({ index: logIndex, size, leafHash: hash, proof, root: rootHash }));
  await yard.close();
});

test('intent and issue are two events, and the row tells who asked under which policy', async () => {
  const yard = await openTestYard();
  const { serial, certificate, logIndex } = await ask(yard, testIdentity());
  const row = yard.store.records.get(CERTIFICATES, { serial });
  assert.equal(row?.['state'], 'issued');
  assert.equal(row['log_index'], logIndex);
  assert.equal(row['requester'], testIdentity().subject);
  assert.equal(row['environment'], 'base');
  assert.equal(row['policy_version'], 'sha256:00');
  assert.deepEqual(row['der'], certificate.der);
  const events = yard.store.records.find(EVENTS, { where: { object_id: serial }, limit: 9 });
  assert.deepEqual(
    events.map(({ action, policy_version: version }) => [action, version]),
    [
      ['certificate.intended', 'sha256:00'],
      ['certificate.issued', 'sha256:00'],
    ],
  );
  await yard.close();
});

test('a commit that fails gives no certificate; after the first one, serial and TBS stay on record', async () => {
  for (const failing of [1, 2]) {
    let number = 0;
    const wrap =
      (commit: Commit): Commit =>
      async (change) => {
        if (armed && ++number === failing) throw new SealyardError('SY-STORE-UNAVAILABLE');
        return commit(change);
      };
    let armed = false;
    const yard = await openTestYard({ wrap });
    await yard.authorities();
    const before = yard.store.records.count(CERTIFICATES);
    armed = true;
    await assert.rejects(ask(yard, testIdentity()), hasCode('SY-STORE-UNAVAILABLE'));
    assert.equal(yard.store.records.count(CERTIFICATES), before + failing - 1);
    const intended = yard.store.records.find(CERTIFICATES, { where: { state: 'intended' }, limit: 2 });
    assert.equal(intended.length, failing - 1);
    assert.ok(intended.every(({ tbs }) => tbs instanceof Uint8Array));
    await yard.close();
  }
});

test('a token gets no more certificates than its bound, one after the other or all at once', async () => {
  const yard = await openTestYard({ certificatesPerToken: 3 });
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => ask(yard, testIdentity())));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
  await assert.rejects(ask(yard, testIdentity()), hasCode('SY-ISSUE-TOKEN-LIMIT'));
  // The same id from another issuer, and another id of the same issuer, are other tokens.
  await ask(yard, testIdentity({ issuer: 'https://gitlab.example' }));
  await ask(yard, testIdentity({ tokenId: 'token-2' }));
  await yard.close();
});

test('many at once have serials and log indexes of their own', async () => {
  const yard = await openTestYard();
  const asked = Array.from({ length: 60 }, (_, i) => ask(yard, testIdentity({ tokenId: `t${i}` })));
  const issued = await Promise.all(asked);
  assert.equal(new Set(issued.map(({ serial }) => serial)).size, 60);
  assert.equal(new Set(issued.map(({ logIndex }) => logIndex)).size, 60);
  await yard.close();
});

test('names that could be read in two ways are refused before anything is signed', async () => {
  const yard = await openTestYard();
  await yard.authorities();
  const before = yard.store.records.count(EVENTS);
  const uris = [
    '',
    'no-scheme',
    'https://a b',
    'https://a\0b',
    'https://é',
    'https://a\n',
    `https://${'a'.repeat(3000)}`,
  ];
  for (const value of uris)
    await assert.rejects(
      ask(yard, testIdentity({ san: { type: 'uri', value } })),
      hasCode('SY-ISSUE-NAME'),
      value,
    );
  for (const value of ['', 'a', 'a@', '@b', 'a@b@c', 'a b@c', 'a@b\0.c', '"a"@b'])
    await assert.rejects(
      ask(yard, testIdentity({ san: { type: 'email', value } })),
      hasCode('SY-ISSUE-NAME'),
      value,
    );
  assert.equal(yard.store.records.count(EVENTS), before);
  await yard.close();
});

test('an identity that is too large, and a lifetime that no profile allows, are refused', async () => {
  const yard = await openTestYard();
  const large = testIdentity({ extensions: new Map([[12, 'x'.repeat(20_000)]]) });
  await assert.rejects(ask(yard, large), hasCode('SY-ISSUE-IDENTITY-TOO-LARGE'));
  for (const lifetimeSeconds of [0, 59, 86_401, 1e9])
    await assert.rejects(ask(yard, testIdentity(), testGrant({ lifetimeSeconds })), hasCode('SY-ISSUE-LINT'));
  await yard.close();
});

test('a clock that jumped back stops issuing, and issuing goes on when it is right again', async () => {
  const yard = await openTestYard();
  await yard.authorities();
  yard.clock.ms += 3_600_000;
  await ask(yard, testIdentity());
  yard.clock.ms -= 61_000;
  await assert.rejects(ask(yard, testIdentity()), hasCode('SY-ISSUE-CLOCK'));
  yard.clock.ms += 61_000;
  await ask(yard, testIdentity());
  await yard.close();
});

test('a proof that was made for one identity certifies the key for no other', async () => {
  const yard = await openTestYard();
  const { codeSigning } = await yard.authorities();
  const identity = testIdentity({ challenge: 'somebody else' });
  const key = provePossession({
    publicKey: readCallerKey(spki(caller.publicKey)),
    challenge: 'me',
    signature: sign('sha256', Buffer.from('me'), caller.privateKey),
  });
  const request = {
    profile: 'keyless',
    authority: codeSigning,
    key,
    identity,
    grant: testGrant(),
    policyVersion: '',
  } as const;
  assert.throws(() => prepare(request, yard.deps), hasCode('SY-ISSUE-PROOF'));
  await yard.close();
});
