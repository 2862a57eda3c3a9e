// Path validation on chains of our own: what the outside vectors leave open, and that hostile webs cost little.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { der } from '../../src/formats/der.ts';
import { extensions } from '../../src/formats/x509/build.ts';
import type { Certificate } from '../../src/formats/x509/certificate.ts';
import { parseCertificate } from '../../src/formats/x509/certificate.ts';
import type { GeneralName } from '../../src/formats/x509/general-names.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { type PathOptions, validatePath } from '../../src/verify/chain.ts';
import { END, makeKey, makeParty, NOW, type Party, START, type Wish } from '../formats/x509-factory.ts';

const root = makeParty();
const middle = makeParty({ name: 'middle', issuer: root, ca: true });

function path(leaf: Party, options: Partial<PathOptions> = {}): readonly Certificate[] {
  const base = { intermediates: [middle.certificate], anchors: [root.certificate], at: NOW };
  return validatePath({ leaf: leaf.certificate, ...base, ...options });
}

const leafOf = (wish: Wish = {}): Party => makeParty({ name: 'leaf', issuer: middle, ca: false, ...wish });
const refused = (code: string, work: () => unknown): void => assert.throws(work, { code });
const names = (...list: readonly GeneralName[]) => [extensions.subjectAltName(list, { critical: false })];

describe('a path', () => {
  test('comes back leaf first, anchor last', () => {
    const leaf = leafOf();
    assert.deepEqual(path(leaf), [leaf.certificate, middle.certificate, root.certificate]);
  });

  test('may end at an anchor that is not self-signed', () => {
    assert.equal(path(leafOf(), { anchors: [middle.certificate], intermediates: [] }).length, 2);
  });

  test('is not found without its intermediate, or under a foreign root of the same name', () => {
    refused('SY-CHAIN-NO-PATH', () => path(leafOf(), { intermediates: [] }));
    refused('SY-CHAIN-SIGNATURE', () => path(leafOf(), { anchors: [makeParty().certificate] }));
  });

  test('does not make a certificate trusted that is its own anchor', () => {
    const self = makeParty({ name: 'self', ca: false });
    refused('SY-CHAIN-NOT-A-CA', () => path(self, { anchors: [self.certificate] }));
  });

  test('includes both ends of validity, to the second', () => {
    const leaf = leafOf();
    assert.equal(path(leaf, { at: START }).length, 3);
    assert.equal(path(leaf, { at: END }).length, 3);
    refused('SY-CHAIN-EXPIRED', () => path(leaf, { at: new Date(START.getTime() - 1) }));
    refused('SY-CHAIN-EXPIRED', () => path(leaf, { at: new Date(END.getTime() + 1) }));
    refused('SY-CHAIN-EXPIRED', () => path(leaf, { at: new Date(Number.NaN) }));
  });

  test('fails with one flipped bit in a signature or in what is signed', () => {
    const { der: bytes } = leafOf().certificate;
    for (const at of [bytes.length - 3, bytes.indexOf(0x6c, 60)]) {
      const altered = bytes.slice();
      altered[at] = (altered[at] ?? 0) ^ 1;
      const leaf = { key: root.key, certificate: parseCertificate(altered) };
      refused('SY-CHAIN-SIGNATURE', () => path(leaf));
    }
  });

  test('does not pass through a leaf that plays authority', () => {
    const poser = leafOf({ name: 'poser' });
    const victim = makeParty({ name: 'victim', issuer: poser, ca: false });
    refused('SY-CHAIN-NOT-A-CA', () =>
      path(victim, { intermediates: [poser.certificate, middle.certificate] }),
    );
  });

  test('prefers the true key where two authorities have the same name', () => {
    const twin = makeParty({ name: 'middle', issuer: root, ca: true });
    const found = path(leafOf(), { intermediates: [twin.certificate, middle.certificate] });
    assert.equal(found[1], middle.certificate);
  });

  test('names the reason of the path that came furthest', () => {
    const old = makeParty({
      name: 'middle',
      issuer: root,
      ca: true,
      key: middle.key,
      notAfter: new Date('2026-02-01T00:00:00Z'),
    });
    refused('SY-CHAIN-EXPIRED', () => path(leafOf(), { intermediates: [old.certificate] }));
  });
});

describe('purposes', () => {
  const signing = [extensions.extendedKeyUsage([OID.codeSigning])];

  test('an authority that is for something else spoils everything below it', () => {
    const tls = makeParty({
      name: 'tls',
      issuer: root,
      ca: true,
      with: [extensions.extendedKeyUsage([OID.serverAuth])],
    });
    const leaf = makeParty({ name: 'leaf', issuer: tls, ca: false, with: signing });
    refused('SY-CHAIN-KEY-USAGE', () =>
      path(leaf, { intermediates: [tls.certificate], extendedKeyUsage: OID.codeSigning }),
    );
  });

  test('a leaf without the extension passes unless it is demanded', () => {
    const leaf = leafOf();
    assert.equal(path(leaf, { extendedKeyUsage: OID.codeSigning }).length, 3);
    refused('SY-CHAIN-KEY-USAGE', () =>
      path(leaf, { extendedKeyUsage: OID.codeSigning, extendedKeyUsageRequired: true }),
    );
    const both = { extendedKeyUsage: OID.codeSigning, extendedKeyUsageRequired: true };
    assert.equal(path(leafOf({ with: signing }), both).length, 3);
  });

  test('keyUsage of the leaf is demanded', () => {
    refused('SY-CHAIN-KEY-USAGE', () =>
      path(leafOf({ with: [extensions.keyUsage(['keyEncipherment'])] }), { keyUsage: ['digitalSignature'] }),
    );
  });

  test('a precertificate is no certificate: its poison is critical', () => {
    const poison = extensions.raw(OID.ctPoison, true, der.null());
    refused('SY-CHAIN-CRITICAL-EXTENSION', () => path(leafOf({ with: [poison] })));
  });
});

describe('expected names', () => {
  const leaf = leafOf({
    with: names(
      { type: 'dns', value: '*.Example.com' },
      { type: 'email', value: 'Dev@example.com' },
      { type: 'ip', value: new Uint8Array([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) },
      { type: 'uri', value: 'spiffe://acme/ns/a' },
    ),
  });
  for (const name of [
    { type: 'dns', value: 'a.example.COM' },
    { type: 'email', value: 'Dev@EXAMPLE.com' },
    { type: 'ip', value: '2001:db8::1' },
    { type: 'ip', value: '2001:0DB8:0:0:0:0:0.0.0.1' },
    { type: 'uri', value: 'spiffe://acme/ns/a' },
  ] as const)
    test(`${name.value} is found`, () => assert.equal(path(leaf, { name }).length, 3));
  for (const name of [
    { type: 'dns', value: 'example.com' },
    { type: 'dns', value: 'a.b.example.com' },
    { type: 'dns', value: '*.example.com' },
    { type: 'dns', value: '.example.com' },
    { type: 'dns', value: 'a.example.com.' },
    { type: 'dns', value: 'a\0.example.com' },
    { type: 'dns', value: 'leaf' },
    { type: 'dns', value: '' },
    { type: 'email', value: 'dev@example.com' },
    { type: 'ip', value: '2001:db8::2' },
    { type: 'ip', value: '2001:db8::1%eth0' },
    { type: 'ip', value: '0x20' },
    { type: 'uri', value: 'spiffe://acme/ns/A' },
  ] as const)
    test(`${JSON.stringify(name.value)} is not`, () =>
      refused('SY-CHAIN-NAME-MISMATCH', () => path(leaf, { name })));
});

describe('name constraints', () => {
  const under = (
    constraints: { permitted?: GeneralName[]; excluded?: GeneralName[] },
    leafNames: readonly GeneralName[],
  ) => {
    const authority = makeParty({
      name: 'constrained',
      issuer: root,
      ca: true,
      with: [extensions.nameConstraints({ permitted: [], excluded: [], ...constraints })],
    });
    const leaf = makeParty({ name: 'leaf', issuer: authority, ca: false, with: names(...leafNames) });
    return () => path(leaf, { intermediates: [authority.certificate] });
  };
  const uri = (value: string): GeneralName => ({ type: 'uri', value });
  const email = (value: string): GeneralName => ({ type: 'email', value });

  test('URIs: a host exactly, a leading dot for what is below it', () => {
    const exact = [uri('acme.example')];
    assert.doesNotThrow(under({ permitted: exact }, [uri('https://user@acme.example:8443/x?y')]));
    refused('SY-CHAIN-NAME-CONSTRAINTS', under({ permitted: exact }, [uri('https://a.acme.example/')]));
    assert.doesNotThrow(under({ permitted: [uri('.acme.example')] }, [uri('https://a.acme.example')]));
    refused(
      'SY-CHAIN-NAME-CONSTRAINTS',
      under({ permitted: [uri('.acme.example')] }, [uri('https://acme.example')]),
    );
  });

  test('URIs whose host cannot be told are refused on either side', () => {
    for (const odd of [
      'urn:a:b',
      'https://10.0.0.1/',
      'https://[::1]/',
      'https://a@b@acme.example/',
      'https:///x',
    ]) {
      refused('SY-CHAIN-NAME-CONSTRAINTS', under({ permitted: [uri('acme.example')] }, [uri(odd)]));
      refused('SY-CHAIN-NAME-CONSTRAINTS', under({ excluded: [uri('evil.example')] }, [uri(odd)]));
    }
  });

  test('email: everything below a host only with the leading dot', () => {
    assert.doesNotThrow(under({ permitted: [email('.acme.example')] }, [email('a@b.acme.example')]));
    refused(
      'SY-CHAIN-NAME-CONSTRAINTS',
      under({ permitted: [email('acme.example')] }, [email('a@b.acme.example')]),
    );
    refused(
      'SY-CHAIN-NAME-CONSTRAINTS',
      under({ excluded: [email('Acme.Example')] }, [email('a@acme.EXAMPLE')]),
    );
  });

  test('a common name is no DNS name, and no DNS constraint speaks of it', () => {
    const authority = makeParty({
      name: 'constrained',
      issuer: root,
      ca: true,
      with: [
        extensions.nameConstraints({ permitted: [{ type: 'dns', value: 'acme.example' }], excluded: [] }),
      ],
    });
    const bare = makeParty({ name: 'evil.example', issuer: authority, ca: false });
    assert.equal(path(bare, { intermediates: [authority.certificate] }).length, 3);
  });

  test('2048 constraints over 2048 names end at once', () => {
    const many = (suffix: string) =>
      Array.from(
        { length: 2048 },
        (_, i): GeneralName => ({ type: 'dns', value: `n${i}.${suffix}.example` }),
      );
    const work = under({ permitted: many('a'), excluded: many('b') }, many('a'));
    const started = performance.now();
    refused('SY-CHAIN-TOO-COSTLY', work);
    assert.ok(performance.now() - started < 5_000);
  });
});

describe('certificate policies', () => {
  const policies = (...oids: readonly string[]) =>
    extensions.raw(
      OID.certificatePolicies,
      false,
      der.sequence(...oids.map((oid) => der.sequence(der.oid(oid)))),
    );
  const demand = extensions.raw(
    OID.policyConstraints,
    true,
    der.sequence(der.context(0, new Uint8Array([0]), false)),
  );
  const chainOf = (
    above: readonly string[],
    below: readonly string[],
    more: readonly ReturnType<typeof policies>[] = [],
  ) => {
    const authority = makeParty({
      name: 'p',
      issuer: root,
      ca: true,
      with: [demand, policies(...above), ...more],
    });
    const leaf = makeParty({
      name: 'leaf',
      issuer: authority,
      ca: false,
      with: below.length === 0 ? [] : [policies(...below)],
    });
    return () => path(leaf, { intermediates: [authority.certificate] });
  };

  test('where one is required, leaf and authority must share it', () => {
    assert.doesNotThrow(chainOf(['1.2.3'], ['1.2.3', '1.2.4']));
    refused('SY-CHAIN-EXTENSION', chainOf(['1.2.3'], ['1.2.4']));
    refused('SY-CHAIN-EXTENSION', chainOf(['1.2.3'], []));
  });

  test('anyPolicy stands for each, unless it is inhibited', () => {
    assert.doesNotThrow(chainOf([OID.anyPolicy], ['1.2.4']));
    const inhibit = extensions.raw(OID.inhibitAnyPolicy, true, der.integer(0));
    refused('SY-CHAIN-EXTENSION', chainOf(['1.2.3'], [OID.anyPolicy], [inhibit]));
    assert.doesNotThrow(chainOf(['1.2.3'], [OID.anyPolicy]));
  });

  test('mappings carry a policy over to another', () => {
    const mapping = extensions.raw(
      OID.policyMappings,
      true,
      der.sequence(der.sequence(der.oid('1.2.3'), der.oid('1.2.9'))),
    );
    assert.doesNotThrow(chainOf(['1.2.3'], ['1.2.9'], [mapping]));
    refused('SY-CHAIN-EXTENSION', chainOf(['1.2.3'], ['1.2.3'], [mapping]));
  });
});

describe('hostile webs', () => {
  test('twelve authorities that all sign each other are given up within a bounded number of signatures', () => {
    const keys = Array.from({ length: 12 }, () => makeKey());
    const lone = keys.map((key, i) => makeParty({ name: `w${i}`, key }));
    const web = lone.flatMap((issuer, i) =>
      keys.flatMap((key, k) =>
        k === i ? [] : [makeParty({ name: `w${k}`, issuer, key, ca: true }).certificate],
      ),
    );
    const [first] = lone;
    const leaf = makeParty({ name: 'leaf', ...(first && { issuer: first }), ca: false });
    const started = performance.now();
    refused('SY-CHAIN-TOO-COSTLY', () => path(leaf, { intermediates: web }));
    assert.ok(performance.now() - started < 5_000);
  });

  test('a thousand intermediates are refused unread', () => {
    const intermediates = new Array<Certificate>(1000).fill(middle.certificate);
    refused('SY-CHAIN-TOO-COSTLY', () => path(leafOf(), { intermediates }));
  });

  test('the same intermediate a hundred times is one', () => {
    const intermediates = new Array<Certificate>(100).fill(middle.certificate);
    assert.equal(path(leafOf(), { intermediates }).length, 3);
  });

  test('a chain longer than the depth is refused, one as long is not', () => {
    let last: Party = root;
    const chain: Certificate[] = [];
    for (let i = 0; i < 9; i++) {
      last = makeParty({ name: `d${i}`, issuer: last, ca: true });
      chain.push(last.certificate);
      const leaf = makeParty({ name: 'leaf', issuer: last, ca: false });
      const work = () => path(leaf, { intermediates: [...chain] });
      if (i < 8) assert.equal(work().length, i + 3);
      else refused('SY-CHAIN-PATH-LENGTH', work);
    }
  });
});
