// pkilint and openssl as second opinions on the lint: what we issue pleases both, what our lint refuses displeases them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Authority } from '../../src/authority/authority.ts';
import { openDirectory } from '../../src/authority/open.ts';
import { encodePem } from '../../src/formats/pem.ts';
import {
  assembleCertificate,
  buildTbs,
  type CertificateTemplate,
  encodeName,
  extensions,
} from '../../src/formats/x509/build.ts';
import { type Certificate, type Extension, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { formOf } from '../../src/issue/form.ts';
import { issue } from '../../src/issue/issue.ts';
import { lint } from '../../src/issue/lint/lint.ts';
import { prepare } from '../../src/issue/prepare.ts';
import {
  BUILT_IN_PROFILE_NAMES,
  type BuiltInProfile,
  KEY_KINDS,
  type KeyKind,
} from '../../src/policy/issuance.ts';
import { runProgram } from '../clients/client.ts';
import { install as installOpenssl } from '../clients/openssl.ts';
import { install as installPkilint } from '../clients/pkilint.ts';
import { type Folder, temporaryFolder } from '../driver/folder.ts';
import { openTestYard, type TestYard } from '../issue/harness.ts';
import { keyOf, profileOf, requestOf } from '../issue/stage.ts';

const pkilint = await installPkilint();
const openssl = await installOpenssl();
const missing = 'skip' in pkilint ? pkilint.skip : 'skip' in openssl ? openssl.skip : undefined;

/** Its validator of URIs knows the schemes of the web alone; wildcards are RFC 9525's, and it reads RFC 5280 to the letter. */
const NOT_KNOWN_TO_PKILINT: Readonly<Partial<Record<BuiltInProfile, string>>> = {
  'server-tls': 'pkix.invalid_domain_name_syntax',
  'spiffe-svid': 'pkix.invalid_uri_syntax',
};
const NAMES: Readonly<Partial<Record<BuiltInProfile, readonly string[]>>> = {
  'spiffe-svid': ['spiffe://example.com/shop'],
  'code-signing': ['ops@example.com'],
  'server-tls': ['shop.example.com', '*.shop.example.com', '192.0.2.1', '2001:db8::1'],
};

describe('the lint agrees with pkilint and openssl', { skip: missing ?? false }, () => {
  let folder: Folder;
  let yard: TestYard;
  let root: Authority;

  before(async () => {
    folder = temporaryFolder('lint');
    yard = await openTestYard();
    // openssl looks at the clock of this machine.
    yard.clock.ms = Date.now() - 1000;
    await yard.authorities();
    const found = (await openDirectory(yard.deps)).get('root-1');
    assert.ok(found);
    root = found;
    writeFileSync(folder.file('root.pem'), encodePem('CERTIFICATE', root.certificate.der));
  });
  after(async () => {
    await yard.close();
    folder[Symbol.dispose]();
  });

  async function made(
    base: BuiltInProfile,
    kind: KeyKind,
  ): Promise<{ leaf: Certificate; issuer: Authority }> {
    const names = NAMES[base] ?? ['shop.example.com'];
    const above = base === 'intermediate' ? { authority: root } : {};
    const request = await requestOf(yard, { profile: profileOf(base), names, pair: keyOf(kind), ...above });
    const { certificate } = await issue(prepare(request, yard.deps), yard.deps);
    return { leaf: certificate, issuer: request.authority };
  }

  function written(name: string, der: Uint8Array): string {
    const file = folder.file(`${name}.pem`);
    writeFileSync(file, encodePem('CERTIFICATE', der));
    return file;
  }

  /** Codes of what pkilint finds, warnings included. */
  async function pkilintFinds(file: string): Promise<readonly string[]> {
    assert.ok('path' in pkilint);
    // Its exit status is the number of findings.
    const { stdout } = await runProgram(pkilint.path, ['lint', '-s', 'WARNING', '-f', 'JSON', file]).catch(
      (error: unknown) => {
        if (error instanceof Error && 'stdout' in error) return { stdout: String(error.stdout) };
        throw error;
      },
    );
    return [...stdout.matchAll(/"code": "([^"]+)"/g)].map(([, code]) => code ?? '');
  }

  /** What `openssl verify` says against, strictly; `undefined` where it is content. */
  async function opensslRefuses(file: string, issuer: Authority): Promise<string | undefined> {
    const above = written(`above-${issuer.id}`, issuer.certificate.der);
    const args = ['verify', '-x509_strict', '-CAfile', folder.file('root.pem'), '-untrusted', above, file];
    try {
      await runProgram('openssl', args);
      return undefined;
    } catch (error) {
      return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    }
  }

  for (const base of BUILT_IN_PROFILE_NAMES)
    test(`a certificate of the profile ${base} is clean in both`, async () => {
      const { leaf, issuer } = await made(base, 'ec-p256');
      const file = written(base, leaf.der);
      assert.deepEqual(await pkilintFinds(file), [NOT_KNOWN_TO_PKILINT[base]].filter(Boolean));
      assert.equal(await opensslRefuses(file, issuer), undefined);
    });

  for (const kind of KEY_KINDS)
    test(`a certificate for a key of the kind ${kind} is clean in both`, async () => {
      const { leaf, issuer } = await made('workload-tls', kind);
      const file = written(kind, leaf.der);
      assert.deepEqual(await pkilintFinds(file), []);
      // openssl knows ML-DSA from 3.5 on.
      const isKnown = !kind.startsWith('ml-dsa') || ('version' in openssl && openssl.version >= '3.5');
      if (isKnown) assert.equal(await opensslRefuses(file, issuer), undefined);
    });

  test('authorities of the yard are clean in both', async () => {
    const { tls, codeSigning, timestamping } = await yard.authorities();
    for (const { id, certificate } of [root, tls, codeSigning, timestamping]) {
      const file = written(id, certificate.der);
      assert.deepEqual(await pkilintFinds(file), [], id);
      assert.equal(await opensslRefuses(file, root), undefined, id);
    }
  });

  test('what our lint refuses, pkilint refuses, and openssl where it looks', async () => {
    const request = await requestOf(yard, { names: ['shop.example.com'] });
    const { template } = prepare(request, yard.deps);
    const { authority } = request;
    const withExtension = (changed: Extension): CertificateTemplate => ({
      ...template,
      extensions: [...template.extensions.filter(({ oid }) => oid !== changed.oid), changed],
    });
    const without = (oid: string): CertificateTemplate => ({
      ...template,
      extensions: template.extensions.filter((extension) => extension.oid !== oid),
    });
    const names = [{ type: 'dns', value: 'shop.example.com' }] as const;
    const broken: readonly (readonly [what: string, CertificateTemplate, openssl: boolean])[] = [
      [
        'certificates signed by a leaf',
        withExtension(extensions.keyUsage(['digitalSignature', 'keyCertSign'])),
        true,
      ],
      [
        'key encipherment with an EC key',
        withExtension(extensions.keyUsage(['digitalSignature', 'keyEncipherment'])),
        false,
      ],
      [
        'names not critical without a subject',
        withExtension(extensions.subjectAltName(names, { critical: false })),
        true,
      ],
      ['no key identifier of the authority', without(OID.authorityKeyIdentifier), true],
      [
        'a blank as DNS name',
        withExtension(extensions.subjectAltName([{ type: 'dns', value: 'a..b' }], { critical: true })),
        false,
      ],
      [
        'a critical address of the issuer',
        withExtension({ ...extensions.caIssuers('http://a.example/'), critical: true }),
        true,
      ],
      [
        'a common name of 65 characters',
        { ...template, subject: encodeName([{ oid: OID.commonName, value: 'a'.repeat(65) }]) },
        false,
      ],
    ];
    for (const [what, spoilt, opensslLooks] of broken) {
      const tbs = buildTbs(spoilt);
      const { signer } = authority;
      const der = assembleCertificate(tbs, signer.algorithm, await signer.sign(signer.purpose, tbs));
      const { errors } = lint({
        certificate: parseCertificate(der),
        profileName: 'subscriber',
        form: formOf(request),
        chain: authority.chain,
        keyId: request.key.keyId,
        now: yard.clock.now(),
      });
      assert.notDeepEqual(errors, [], what);
      const file = written('broken', der);
      assert.notDeepEqual(await pkilintFinds(file), [], `pkilint: ${what}`);
      if (opensslLooks) assert.notEqual(await opensslRefuses(file, authority), undefined, `openssl: ${what}`);
    }
  });
});
