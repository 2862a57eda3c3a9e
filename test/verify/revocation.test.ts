// CRL validation of RFC 5280 §6.3: which lists count for a certificate, and what deltas change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { der } from '../../src/formats/der.ts';
import { extensions } from '../../src/formats/x509/build.ts';
import { type CertificateList, crlExtensions } from '../../src/formats/x509/crl.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import type { Code } from '../../src/ground/errors.ts';
import { demandUnrevoked } from '../../src/verify/revocation.ts';
import { makeCrl } from '../formats/crl-factory.ts';
import { makeKey, makeParty, NOW } from '../formats/x509-factory.ts';

const URL = 'http://ca.example/crl/tls-1/3.crl';
const root = makeParty();
const ca = makeParty({ issuer: root, ca: true, name: 'ca' });
const leaf = makeParty({ issuer: ca, name: 'leaf', with: [extensions.crlDistributionPoint(URL)] });
const path = [leaf.certificate, ca.certificate, root.certificate];
const ofRoot = makeCrl({ issuer: root });
const entry = { serial: leaf.certificate.serial, revokedAt: NOW, reason: 'keyCompromise' } as const;

function judge(...crls: readonly CertificateList[]): Code | 'good' {
  try {
    demandUnrevoked({ path, crls: [ofRoot, ...crls], at: NOW });
    return 'good';
  } catch (error) {
    if (error instanceof Error && 'code' in error) return error.code as Code;
    throw error;
  }
}

const UNKNOWN = 'SY-REVOCATION-UNKNOWN';
const REVOKED = 'SY-REVOCATION-REVOKED';

test('a list of each issuer that does not name the certificate makes it good; without one nothing is known', () => {
  assert.equal(judge(makeCrl({ issuer: ca })), 'good');
  assert.equal(judge(makeCrl({ issuer: ca, url: URL })), 'good');
  assert.equal(judge(), UNKNOWN);
  assert.equal(judge(makeCrl({ issuer: ca, entries: [entry] })), REVOKED);
});

test('a revoked authority ends the path, whatever its own list says', () => {
  const revoked = makeCrl({ issuer: root, entries: [{ ...entry, serial: ca.certificate.serial }] });
  assert.throws(() => demandUnrevoked({ path, crls: [revoked, makeCrl({ issuer: ca })], at: NOW }), {
    code: REVOKED,
  });
});

test('lists that are not for this certificate, or not good, do not count', () => {
  const day = 86_400_000;
  const other = makeParty({ issuer: root, ca: true, name: 'ca', key: makeKey() });
  const point = (n: number) =>
    extensions.raw(
      OID.issuingDistributionPoint,
      true,
      der.sequence(der.context(n, Uint8Array.of(255), false)),
    );
  const bad: Readonly<Record<string, CertificateList>> = {
    'another shard': makeCrl({ issuer: ca, url: `${URL}x` }),
    'another key under the same name': makeCrl({ issuer: other }),
    expired: makeCrl({
      issuer: ca,
      thisUpdate: new Date(NOW.getTime() - 2 * day),
      nextUpdate: new Date(NOW.getTime() - day),
    }),
    'from the future': makeCrl({ issuer: ca, thisUpdate: new Date(NOW.getTime() + 1000) }),
    'without a number': makeCrl({ issuer: ca, without: [OID.crlNumber] }),
    'of authorities alone': makeCrl({ issuer: ca, with: [point(2)] }),
    'of attribute certificates': makeCrl({ issuer: ca, with: [point(5)] }),
    indirect: makeCrl({ issuer: ca, with: [point(4)] }),
    'with an unknown critical extension': makeCrl({
      issuer: ca,
      with: [extensions.raw('1.2.3', true, der.null())],
    }),
    'of some reasons': makeCrl({
      issuer: ca,
      with: [
        extensions.raw(
          OID.issuingDistributionPoint,
          true,
          der.sequence(der.implicit(3, der.namedBits([1, 2]))),
        ),
      ],
    }),
    'a delta alone': makeCrl({ issuer: ca, number: 2, base: 1 }),
  };
  for (const [what, crl] of Object.entries(bad)) assert.equal(judge(crl), UNKNOWN, what);
});

test('two lists of some reasons cover a certificate together', () => {
  const some = (...bits: readonly number[]) =>
    makeCrl({
      issuer: ca,
      with: [
        extensions.raw(
          OID.issuingDistributionPoint,
          true,
          der.sequence(der.implicit(3, der.namedBits(bits))),
        ),
      ],
    });
  assert.equal(judge(some(1, 2, 3, 4)), UNKNOWN);
  assert.equal(judge(some(1, 2, 3, 4), some(5, 6, 7, 8)), 'good');
});

test('a delta adds to its base, takes a hold back, and counts only for the list that it builds on', () => {
  const base = makeCrl({ issuer: ca, number: 5, url: URL });
  const delta = (o: object) => makeCrl({ issuer: ca, url: URL, number: 6, base: 4, entries: [entry], ...o });
  assert.equal(judge(base, delta({})), REVOKED);
  assert.equal(judge(base, delta({ base: 6, number: 7 })), 'good', 'a base newer than the list');
  assert.equal(judge(base, delta({ base: 4, number: 5 })), 'good', 'not newer than the list');
  const elsewhere = `${URL}2`;
  assert.equal(judge(base, delta({ url: elsewhere })), 'good', 'another scope');
  const held = makeCrl({
    issuer: ca,
    number: 5,
    url: URL,
    entries: [{ ...entry, reason: 'certificateHold' }],
  });
  assert.equal(judge(held), REVOKED);
  const released = delta({ entries: [{ ...entry, reason: 'removeFromCRL' }] });
  assert.equal(judge(held, released), 'good');
  const again = delta({ number: 8 });
  assert.equal(judge(held, released, again), REVOKED, 'the newest delta speaks');
});

test('a freshest-CRL extension that is critical spoils the list (RFC 5280 §5.2.6)', () => {
  const critical = { ...crlExtensions.freshestCrl(`${URL}.delta`), critical: true };
  assert.equal(judge(makeCrl({ issuer: ca, with: [critical] })), UNKNOWN);
});
