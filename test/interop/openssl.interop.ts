// openssl as a second opinion: it decodes and verifies every kind of certificate, chain and timestamp that we make.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { runProgram } from '../clients/client.ts';
import { install } from '../clients/openssl.ts';
import { chainOf } from '../driver/bundle.ts';
import { DoorClient, newKey } from '../driver/client.ts';
import { type Folder, temporaryFolder } from '../driver/folder.ts';
import type { RunningYard } from '../driver/yard.ts';
import { SUBJECT, startDocumentedYard } from './stage.ts';

const installed = await install();

describe('openssl', { skip: 'skip' in installed ? installed.skip : false }, () => {
  let folder: Folder;
  let yard: RunningYard;
  let client: DoorClient;

  before(async () => {
    folder = temporaryFolder('openssl');
    yard = await startDocumentedYard(folder.file('yard'));
    client = new DoorClient({ url: yard.url, roots: yard.rootsPem });
  });
  after(async () => {
    client.close();
    await yard.stop();
    folder[Symbol.dispose]();
  });

  const openssl = async (...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await runProgram('openssl', args);
    return stdout + stderr;
  };

  // Leaf, intermediates and root as files; the chain must verify to the yard's root and to nothing less.
  async function verifyChain(
    name: string,
    chain: readonly Buffer[],
    purpose: readonly string[],
  ): Promise<string> {
    const [leaf, ...rest] = chain.map(pemOf);
    const [leafFile, restFile] = [folder.file(`${name}.pem`), folder.file(`${name}-chain.pem`)];
    writeFileSync(leafFile, leaf ?? '');
    writeFileSync(restFile, rest.join(''));
    const said = await openssl(
      'verify',
      '-x509_strict',
      '-check_ss_sig',
      ...purpose,
      '-CAfile',
      yard.rootsFile,
      '-untrusted',
      restFile,
      leafFile,
    );
    assert.match(said, /: OK/);
    return openssl('x509', '-in', leafFile, '-noout', '-text');
  }

  test('a keyless certificate: one critical SAN, code signing, an SCT, a chain to the root', async () => {
    const file = folder.file('job.token');
    await yard.ask('token', 'ci', SUBJECT, '--out', file);
    const answer = await client.certificate(readFileSync(file, 'utf8'), newKey());
    assert.equal(answer.status, 200, answer.body.toString());
    const text = await verifyChain('keyless', chainOf(answer.body), ['-purpose', 'any']);
    assert.match(text, /Subject: *\n/);
    assert.match(text, /X509v3 Subject Alternative Name: critical\n\s+URI:https:/);
    assert.match(text, /X509v3 Key Usage: critical\n\s+Digital Signature\n/);
    assert.match(text, /X509v3 Extended Key Usage:[^\n]*\n\s+Code Signing\n/);
    assert.match(text, /CT Precertificate SCTs:\s+Signed Certificate Timestamp:\s+Version +: v1/);
  });

  test('the listener: a TLS server certificate for its name, with the chain in the handshake', async () => {
    const chain = await handshakeChain(yard);
    const text = await verifyChain('listener', chain, ['-purpose', 'sslserver', '-verify_ip', '127.0.0.1']);
    assert.match(text, /TLS Web Server Authentication/);
  });

  test('each authority: a CA with a path length, its purpose, and key identifiers', async () => {
    const text = await openssl('x509', '-in', yard.rootsFile, '-noout', '-text');
    assert.match(text, /X509v3 Basic Constraints: critical\n\s+CA:TRUE/);
    assert.match(text, /X509v3 Key Usage: critical\n\s+Certificate Sign, CRL Sign\n/);
    const root = trustedRoot(await client.get('/trusted_root.json').then(({ body }) => body));
    const authorities = [...root.certificateAuthorities, ...root.timestampAuthorities];
    for (const [i, { certChain }] of authorities.entries()) {
      const chain = certChain.certificates.map(({ rawBytes }) => Buffer.from(rawBytes, 'base64'));
      await verifyChain(`authority-${i}`, chain, ['-purpose', 'any']);
      for (const [at, der] of chain.entries()) {
        const file = folder.file(`authority-${i}-${at}.pem`);
        writeFileSync(file, pemOf(der));
        assert.match(await openssl('x509', '-in', file, '-noout', '-text'), /X509v3 Subject Key Identifier/);
      }
    }
  });

  test('a timestamp: openssl makes the query and verifies the answer', async () => {
    const [data, query, reply] = ['data', 'query.tsq', 'reply.tsr'].map((name) => folder.file(name));
    assert.ok(data && query && reply);
    writeFileSync(data, 'what was signed');
    await openssl('ts', '-query', '-data', data, '-sha256', '-cert', '-out', query);
    const answer = await client.post('/api/v1/timestamp', 'application/timestamp-query', readFileSync(query));
    assert.equal(answer.status, 200);
    writeFileSync(reply, answer.body);
    const verify = ['ts', '-verify', '-in', reply, '-CAfile', yard.rootsFile];
    assert.match(await openssl(...verify, '-queryfile', query), /Verification: OK/);
    assert.match(await openssl(...verify, '-data', data), /Verification: OK/);
    writeFileSync(data, 'something else');
    await assert.rejects(openssl(...verify, '-data', data), /message imprint mismatch/);
  });

  test('the timestamp chain that the door publishes verifies for timestamping', async () => {
    const { body } = await client.get('/api/v1/timestamp/certchain');
    const chain = body.toString().match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    const der = chain.map((pem) => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64'));
    const text = await verifyChain('timestamp', der, ['-purpose', 'timestampsign']);
    assert.match(text, /X509v3 Extended Key Usage: critical\n\s+Time Stamping\n/);
  });

  test('the fingerprint printed at start is that of the root', async () => {
    const fingerprint = await openssl('x509', '-in', yard.rootsFile, '-noout', '-fingerprint', '-sha256');
    const hex = fingerprint.replace(/^.*=/s, '').replaceAll(':', '').trim().toLowerCase();
    const der = Buffer.from(yard.rootsPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    assert.equal(createHash('sha256').update(der).digest('hex'), hex);
    const again = await fetch(`${yard.plainUrl}/roots.pem`);
    assert.equal((await again.text()).trim(), yard.rootsPem.trim());
  });
});

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

interface TrustedRootJson {
  readonly certificateAuthorities: readonly AuthorityJson[];
  readonly timestampAuthorities: readonly AuthorityJson[];
}
interface AuthorityJson {
  readonly certChain: { readonly certificates: readonly { readonly rawBytes: string }[] };
}

function trustedRoot(body: Buffer): TrustedRootJson {
  return JSON.parse(body.toString()) as TrustedRootJson;
}

function handshakeChain(yard: RunningYard): Promise<Buffer[]> {
  const { hostname, port } = new URL(yard.url);
  return new Promise((settle, fail) => {
    const socket = connect({ host: hostname, port: Number(port), ca: yard.rootsPem }, () => {
      const chain: Buffer[] = [];
      let next = socket.getPeerX509Certificate();
      while (next !== undefined) {
        chain.push(next.raw);
        next = next.issuerCertificate;
      }
      socket.destroy();
      settle(chain);
    });
    socket.once('error', fail);
  });
}
