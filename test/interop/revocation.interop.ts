// Revocation on a running yard, judged by others: openssl asks and verifies, Python's cryptography reads, the process is
// killed in between.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { shardOf } from '../../src/authority/shards.ts';
import { encodePem } from '../../src/formats/pem.ts';
import { type Certificate, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { parseCrl } from '../../src/formats/x509/crl.ts';
import { install as installCertbot } from '../clients/certbot.ts';
import { runProgram } from '../clients/client.ts';
import { install } from '../clients/openssl.ts';
import { chainOf } from '../driver/bundle.ts';
import { DoorClient, newKey } from '../driver/client.ts';
import { type Folder, temporaryFolder } from '../driver/folder.ts';
import { listenerChain } from '../driver/listener.ts';
import { BUILT, type RunningYard } from '../driver/yard.ts';
import { SUBJECT, startDocumentedYard } from './stage.ts';

/** The promise is one second for OCSP and two for the list; a busy machine gets five times that. */
const OCSP_MS = 5_000;
const CRL_MS = 10_000;

const installed = await install();
/** Its environment has the package `cryptography`, of the version that is pinned there. */
const certbot = await installCertbot();
const python = 'skip' in certbot ? 'python3' : join(dirname(certbot.path), 'python');

describe('revocation', { skip: 'skip' in installed ? installed.skip : false }, () => {
  let folder: Folder;
  let yard: RunningYard;
  let leaf: Certificate;
  let tls: Certificate;

  before(async () => {
    folder = temporaryFolder('revocation');
    yard = await startDocumentedYard(folder.file('yard'));
    const [first, second, root] = await listenerChain(yard);
    assert.ok(first && second && root);
    [leaf, tls] = [first, second];
    for (const [name, certificate] of Object.entries({ leaf: first, tls: second, root }))
      writeFileSync(folder.file(`${name}.pem`), encodePem('CERTIFICATE', certificate.der));
  });
  after(async () => {
    await yard.stop();
    folder[Symbol.dispose]();
  });

  const said = async (program: string, ...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await runProgram(program, args, { cwd: folder.path }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    return stdout + stderr;
  };

  const ocsp = (...more: readonly string[]) => ocspBy('sha1', ...more);
  const ocspBy = (hash: 'sha1' | 'sha256', ...more: readonly string[]) =>
    said(
      'openssl',
      ...['ocsp', `-${hash}`, '-issuer', 'tls.pem', '-cert', 'leaf.pem', '-url', leaf.ocspUrls?.[0] ?? ''],
      ...['-CAfile', 'root.pem', '-resp_text', ...more],
    );

  async function fetchList(url: string): Promise<{ readonly status: number; readonly der: Uint8Array }> {
    const answer = await fetch(url);
    return { status: answer.status, der: new Uint8Array(await answer.arrayBuffer()) };
  }

  async function verify(...more: readonly string[]): Promise<string> {
    const urls = [leaf.crlUrls?.[0], tls.crlUrls?.[0], leaf.crlUrls?.[0]?.replace('.crl', '.delta.crl')];
    const lists = await Promise.all(urls.map((url) => fetchList(url ?? '')));
    writeFileSync(folder.file('crls.pem'), lists.map(({ der }) => encodePem('X509 CRL', der)).join(''));
    return said(
      'openssl',
      ...['verify', '-crl_check_all', '-use_deltas', '-extended_crl', '-x509_strict', ...more],
      ...['-CAfile', 'root.pem', '-untrusted', 'tls.pem', '-CRLfile', 'crls.pem', 'leaf.pem'],
    );
  }

  test('openssl ocsp: good, with a nonce and without, by SHA-1 and SHA-256', async () => {
    for (const hash of ['sha1', 'sha256'] as const)
      for (const args of [[], ['-no_nonce']]) {
        const text = await ocspBy(hash, ...args);
        assert.match(text, /Response verify OK/);
        assert.match(text, /leaf\.pem: good/);
      }
  });

  test('openssl verify -crl_check_all -use_deltas: the whole chain is good', async () => {
    assert.match(await verify(), /leaf\.pem: OK/);
  });

  test('openssl fetches the list from the address in the certificate by itself', async () => {
    const args = ['-CAfile', 'root.pem', '-untrusted', 'tls.pem', 'leaf.pem'];
    assert.match(await said('openssl', 'verify', '-crl_check', '-crl_download', ...args), /leaf\.pem: OK/);
  });

  test('Python’s cryptography reads list, delta and answer, and verifies their signatures', {
    skip: 'skip' in certbot ? certbot.skip : false,
  }, async () => {
    const url = leaf.crlUrls?.[0] ?? '';
    writeFileSync(folder.file('c.crl'), (await fetchList(url)).der);
    writeFileSync(folder.file('d.crl'), (await fetchList(url.replace('.crl', '.delta.crl'))).der);
    await ocsp('-no_nonce', '-respout', 'r.der');
    writeFileSync(folder.file('read.py'), PYTHON);
    assert.match(await said(python, 'read.py'), /^good 1 True\n$/);
  });

  test('GET is cacheable as RFC 5019 wants it, HEAD has no body, and foreign methods are refused', async () => {
    await ocsp('-no_nonce', '-reqout', 'q.der');
    const base64 = readFileSync(folder.file('q.der')).toString('base64');
    const url = `${leaf.ocspUrls?.[0]}/${encodeURIComponent(base64)}`;
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('cache-control') ?? '', /max-age=\d+/);
    const etag = answer.headers.get('etag') ?? '';
    assert.equal((await fetch(url, { headers: { 'if-none-match': etag } })).status, 304);
    assert.equal((await (await fetch(url, { method: 'HEAD' })).arrayBuffer()).byteLength, 0);
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 405);
  });

  test('a dry run shows what would be hit and changes nothing; two at once want --yes', async () => {
    const shown = await yard.ask('revoke', leaf.serial, '--dry-run');
    assert.equal(shown['total'], 1);
    assert.match(await ocsp('-no_nonce'), /leaf\.pem: good/);
    assert.equal((await yard.sealyard('revoke', '--authority', 'root-1')).status, 2);
    assert.equal((await yard.sealyard('revoke', 'ff'.repeat(16))).status, 1);
    assert.equal((await yard.sealyard('revoke')).status, 2);
    assert.equal((await yard.sealyard('revoke', leaf.serial, '--reason', 'whatever')).status, 2);
  });

  test('a hold is seen in OCSP at once and in the list soon; its release too', async () => {
    await yard.ask('revoke', folder.file('leaf.pem'), '--reason', 'certificateHold');
    await until(OCSP_MS, async () => /leaf\.pem: revoked/.test(await ocsp('-no_nonce')));
    await until(CRL_MS, async () => /certificate revoked/.test(await verify()));
    await yard.ask('revoke', 'release', leaf.serial);
    await until(OCSP_MS, async () => /leaf\.pem: good/.test(await ocsp('-no_nonce')));
    await until(CRL_MS, async () => /leaf\.pem: OK/.test(await verify()));
  });

  test('what was answered as revoked is revoked after kill -9, in OCSP and in a list with a higher number', async () => {
    const certificate = await newCertificate();
    const url = `${yard.plainUrl}/crl/code-signing-1/${shardOf(certificate.serial, 64)}.crl`;
    const before = parseCrl((await fetchList(url)).der);
    await yard.ask('revoke', certificate.serial, '--reason', 'keyCompromise');
    await yard.kill();
    yard = await startDocumentedYard(folder.file('yard'));
    const list = parseCrl((await fetchList(url)).der);
    assert.ok(list.entries.some(({ serial }) => serial === certificate.serial));
    assert.ok((list.crlNumber ?? 0n) > (before.crlNumber ?? 0n));
    const { status } = await yard.sealyard('revoke', certificate.serial);
    assert.equal(status, 1, 'it is revoked already');
  });

  test('the commands of docs/how-to/revoke.md work as they stand, the last of them for good', async () => {
    const page = readFileSync('docs/how-to/revoke.md', 'utf8');
    const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('');
    for (const [name, source] of [
      ['api.pem', 'leaf.pem'],
      ['issuer.pem', 'tls.pem'],
    ] as const)
      copyFileSync(folder.file(source), folder.file(name));
    const program = `sealyard() { "${process.execPath}" "${BUILT}" --data "${yard.data}" "$@"; }`;
    const file = folder.file('how-to.sh');
    // The last command of the page is about a list, which follows within a second or two.
    const patient = commands.replace('! openssl verify', 'sleep 3; ! openssl verify');
    writeFileSync(file, `set -euo pipefail\n${program}\n${patient}`);
    const { stdout } = await runProgram('bash', [file], { cwd: folder.path });
    assert.match(stdout, /certificateHold/);
    await until(OCSP_MS, async () => /keyCompromise/.test(await ocsp('-no_nonce')));
    await until(CRL_MS, async () => /certificate revoked/.test(await verify()));
  });

  test('a revoked authority stands on its parent’s list', async () => {
    await yard.ask('revoke', tls.serial, '--reason', 'cACompromise');
    await until(CRL_MS, async () => {
      const list = await fetchList(tls.crlUrls?.[0] ?? '');
      return parseCrl(list.der).entries.some(({ serial }) => serial === tls.serial);
    });
  });

  async function newCertificate(): Promise<Certificate> {
    const file = folder.file('job.token');
    await yard.ask('token', 'ci', SUBJECT, '--out', file);
    const client = new DoorClient({ url: yard.url, roots: yard.rootsPem });
    try {
      const [der] = chainOf((await client.certificate(readFileSync(file, 'utf8'), newKey())).body);
      return parseCertificate(new Uint8Array(der ?? []));
    } finally {
      client.close();
    }
  }
});

async function until(deadlineMs: number, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await holds())) {
    assert.ok(performance.now() < end, `not within ${deadlineMs} ms`);
    await sleep(100);
  }
}

const PYTHON = `
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.hazmat.primitives.asymmetric import ec
read = lambda name: open(name, 'rb').read()
ca = x509.load_pem_x509_certificate(read('tls.pem'))
crl = x509.load_der_x509_crl(read('c.crl'))
delta = x509.load_der_x509_crl(read('d.crl'))
assert crl.is_signature_valid(ca.public_key()) and delta.is_signature_valid(ca.public_key())
number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
base = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
scope = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
freshest = crl.extensions.get_extension_for_class(x509.FreshestCRL).value
assert freshest[0].full_name[0].value.endswith('.delta.crl')
answer = ocsp.load_der_ocsp_response(read('r.der'))
responder = answer.certificates[0]
responder.verify_directly_issued_by(ca)
responder.public_key().verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(answer.signature_hash_algorithm))
responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
print(answer.certificate_status.name.lower(), base, scope.critical and number >= base)
`;
