// What must not be put on record as an authority, each with the code that says why.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AUTHORITIES } from '../../src/authority/tables.ts';
import type { Code } from '../../src/ground/errors.ts';
import type { ImportOrder } from '../../src/issue/ceremonies/import.ts';
import { readPrivateKey } from '../../src/issue/ceremonies/private-key.ts';
import { openssl } from '../clients/openssl.ts';
import { hasCode } from '../contract/keystore.ts';
import { BELOW, CA, type ForeignSpec, foreign, ISSUING } from './foreign-pki.ts';
import { ADMIN, inFolder, openWorld } from './world.ts';

const installed = await openssl.install();
const skip = 'skip' in installed ? installed.skip : false;

type Order = Omit<ImportOrder, 'actor'>;

/** Imports in a yard of its own and demands the refusal; nothing is left on record or in the key store. */
async function refuses(code: Code, make: (folder: string) => Promise<Order>, advanceDays = 0): Promise<void> {
  await inFolder(async (folder) => {
    const world = await openWorld();
    const order = await make(folder);
    world.yard.clock.ms += advanceDays * 86_400_000;
    const before = [world.yard.store.records.count(AUTHORITIES), (await world.yard.keys.list()).length];
    await assert.rejects(world.ceremonies.importAuthority({ ...order, actor: ADMIN }), hasCode(code));
    assert.deepEqual(
      [world.yard.store.records.count(AUTHORITIES), (await world.yard.keys.list()).length],
      before,
    );
    await world.close();
  });
}

/** An issuing authority below a root, changed as the test says. */
function issuing(change: Partial<ForeignSpec>, root: Partial<ForeignSpec> = {}, order: Partial<Order> = {}) {
  return async (folder: string): Promise<Order> => {
    const above = await foreign(folder, { name: 'root', ...root });
    const ca = await foreign(folder, { name: 'issuing', by: 'root', extensions: ISSUING, ...change });
    return { certificates: ca.certificate + above.certificate, key: ca.key, purpose: 'tls', ...order };
  };
}

test('the key of another authority is refused', { skip }, () =>
  refuses('SY-AUTHORITY-KEY-MISMATCH', async (folder) => {
    const order = await issuing({})(folder);
    return { ...order, key: (await foreign(folder, { name: 'stranger' })).key };
  }),
);

test('an authority that has ended is refused', { skip }, () =>
  refuses('SY-AUTHORITY-ENDED', issuing({ days: 2 }), 3),
);

test('a root that has ended makes no chain', { skip }, () =>
  refuses('SY-AUTHORITY-CHAIN', issuing({}, { days: 2 }), 3),
);

test('a leaf is no authority, below a root or signed by itself', { skip }, async () => {
  const leaf = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'subjectKeyIdentifier=hash',
  ];
  await refuses('SY-AUTHORITY-NOT-A-CA', issuing({ extensions: leaf }));
  await refuses('SY-AUTHORITY-NOT-A-CA', async (folder) => {
    const self = await foreign(folder, { name: 'self', extensions: leaf });
    return { certificates: self.certificate, key: self.key };
  });
  await refuses('SY-AUTHORITY-NOT-A-CA', async (folder) => ({
    certificates: (await foreign(folder, { name: 'self', extensions: leaf })).certificate,
  }));
});

test('a CA that may not sign certificates, or no revocation lists, is refused', { skip }, async () => {
  for (const usage of ['cRLSign', 'keyCertSign'])
    await refuses(
      'SY-AUTHORITY-NOT-A-CA',
      issuing({
        extensions: ISSUING.map((line) =>
          line.startsWith('keyUsage') ? `keyUsage=critical,${usage}` : line,
        ),
      }),
    );
});

test('basicConstraints that are not critical, and a CA without key identifier, are refused', {
  skip,
}, async () => {
  await refuses(
    'SY-AUTHORITY-UNFIT',
    issuing({ extensions: ['basicConstraints=CA:TRUE', ...ISSUING.slice(1)] }),
  );
  await refuses(
    'SY-AUTHORITY-UNFIT',
    issuing({ extensions: [...ISSUING.slice(0, 2), 'subjectKeyIdentifier=none'] }),
  );
});

test('an unknown critical extension is refused', { skip }, () =>
  refuses('SY-AUTHORITY-UNFIT', issuing({ extensions: [...ISSUING, '1.2.3.4=critical,DER:0500'] })),
);

test('a path length of 0 above an intermediate is refused, and on one that is to sign authorities', {
  skip,
}, async () => {
  await refuses('SY-AUTHORITY-CHAIN', issuing({}, { extensions: ISSUING.slice(0, 3) }));
  await refuses('SY-AUTHORITY-UNFIT', issuing({}, {}, { purpose: 'intermediate' }));
  await refuses('SY-AUTHORITY-CHAIN', async (folder) => {
    const root = await foreign(folder, {
      name: 'root',
      extensions: ['basicConstraints=critical,CA:TRUE,pathlen:1', ...CA.slice(1)],
    });
    const upper = await foreign(folder, { name: 'upper', by: 'root', extensions: BELOW });
    const lower = await foreign(folder, { name: 'lower', by: 'upper', extensions: ISSUING });
    return {
      certificates: root.certificate + upper.certificate + lower.certificate,
      key: lower.key,
      purpose: 'tls',
    };
  });
  await refuses('SY-AUTHORITY-CHAIN', async (folder) => {
    const root = await foreign(folder, {
      name: 'root',
      extensions: ['basicConstraints=critical,CA:TRUE,pathlen:1', ...CA.slice(1)],
    });
    const lower = await foreign(folder, { name: 'lower', by: 'root', extensions: BELOW });
    return { certificates: root.certificate + lower.certificate, key: lower.key, purpose: 'intermediate' };
  });
});

test('usages that exclude what it is for are refused', { skip }, () =>
  refuses('SY-AUTHORITY-UNFIT', issuing({ extensions: [...ISSUING, 'extendedKeyUsage=codeSigning'] })),
);

test('a purpose that the certificate leaves open must be said', { skip }, () =>
  refuses('SY-AUTHORITY-TERMS', async (folder) => {
    const { purpose: _purpose, ...order } = await issuing({})(folder);
    return order;
  }),
);

test('a chain with its root missing, or with another root of the same name, is refused', {
  skip,
}, async () => {
  await refuses('SY-AUTHORITY-CHAIN', async (folder) => {
    const order = await issuing({})(folder);
    return { ...order, certificates: await readFile(join(folder, 'issuing.pem'), 'utf8') };
  });
  await refuses('SY-AUTHORITY-CHAIN', async (folder) => {
    const order = await issuing({})(folder);
    const impostor = await foreign(folder, { name: 'impostor', subject: '/O=Elsewhere/CN=root' });
    return {
      ...order,
      certificates: (await readFile(join(folder, 'issuing.pem'), 'utf8')) + impostor.certificate,
    };
  });
});

test('authorities that only certify each other lead to no root', { skip }, () =>
  refuses('SY-AUTHORITY-CHAIN', async (folder) => {
    const a = await foreign(folder, { name: 'a' });
    await foreign(folder, { name: 'b' });
    const { signedBy } = await import('./foreign-pki.ts');
    const csr = (name: string) => readFile(join(folder, `${name}.csr`), 'utf8');
    const aByB = await signedBy(folder, { by: 'b', csr: await csr('a'), extensions: BELOW });
    const bByA = await signedBy(folder, { by: 'a', csr: await csr('b'), extensions: BELOW });
    return { certificates: aByB + bByA, key: a.key, purpose: 'intermediate' };
  }),
);

test('a name outside the constraints above is refused', { skip }, () =>
  refuses(
    'SY-AUTHORITY-CHAIN',
    issuing(
      {},
      {
        extensions: [
          ...CA,
          'nameConstraints=critical,permitted;dirName:permitted_name',
          '[permitted_name]',
          'O=Somebody else',
        ],
      },
    ),
  ),
);

test('certificates that lead nowhere, keys among them, too many and too long are refused', {
  skip,
}, async () => {
  await refuses('SY-AUTHORITY-CERTIFICATE', async (folder) => {
    const order = await issuing({})(folder);
    return {
      ...order,
      certificates: order.certificates + (await foreign(folder, { name: 'stranger' })).certificate,
    };
  });
  await refuses('SY-PEM-MALFORMED', async (folder) => {
    const order = await issuing({})(folder);
    return { ...order, certificates: order.certificates + (order.key ?? '') };
  });
  await refuses('SY-PEM-MALFORMED', async () => ({ certificates: 'hello' }));
  await refuses('SY-PEM-MALFORMED', async () => ({ certificates: 'A'.repeat(10 * 1024 * 1024) }));
  await refuses('SY-AUTHORITY-CERTIFICATE', async (folder) => {
    const { certificate } = await foreign(folder, { name: 'root' });
    return { certificates: certificate.repeat(33) };
  });
});

test('weak keys are refused by name', { skip }, async () => {
  await refuses('SY-ISSUE-KEY-SIZE', issuing({ key: '-algorithm RSA -pkeyopt rsa_keygen_bits:1024' }));
  await refuses(
    'SY-ISSUE-KEY-EXPONENT',
    issuing({ key: '-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3' }),
  );
});

test('one authority is imported once, also when asked twice at the same moment', { skip }, () =>
  inFolder(async (folder) => {
    const world = await openWorld();
    const order = { ...(await issuing({})(folder)), actor: ADMIN };
    const outcomes = await Promise.allSettled([1, 2].map(() => world.ceremonies.importAuthority(order)));
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const refused = outcomes.find((each) => each.status === 'rejected');
    assert.ok(refused !== undefined && hasCode('SY-AUTHORITY-EXISTS')(refused.reason));
    await world.close();
  }),
);

test('a request is not completed with a certificate for another key, nor twice', { skip }, () =>
  inFolder(async (folder) => {
    const world = await openWorld();
    await world.ceremonies.create({ purpose: 'tls', name: 'asked', request: true, actor: ADMIN });
    const order = await issuing({})(folder);
    await assert.rejects(
      world.ceremonies.importAuthority({ certificates: order.certificates, name: 'root', actor: ADMIN }),
      hasCode('SY-AUTHORITY-NAME'),
    );
    assert.equal(world.directory.pending().length, 1);
    await world.close();
  }),
);

test('private keys: what is not one, more than one, and what costs too much to open', () => {
  const wrong = (text: string, passphrase?: string) =>
    assert.throws(() => readPrivateKey(text, passphrase), hasCode('SY-AUTHORITY-KEY'));
  const pem = (label: string, der: string) => `-----BEGIN ${label}-----\n${der}\n-----END ${label}-----\n`;
  wrong('');
  wrong('hello');
  wrong('x'.repeat(100_000));
  wrong(pem('PRIVATE KEY', 'AAAA'));
  wrong(pem('PUBLIC KEY', 'AAAA'));
  wrong(pem('ENCRYPTED PRIVATE KEY', 'AAAA'), 'secret');
  wrong(pem('PRIVATE KEY', 'AAAA') + pem('PRIVATE KEY', 'AAAA'));
  wrong(
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n`,
  );
});

test('an encrypted key that asks for ten million rounds is refused at once', { skip }, () =>
  inFolder(async (folder) => {
    const { opensslIn } = await import('./world.ts');
    await foreign(folder, { name: 'root' });
    await opensslIn(
      folder,
      'pkcs8 -topk8 -in root.key -out slow.p8 -v2 aes-128-cbc -iter 10000000 -passout pass:secret',
    );
    const text = await readFile(join(folder, 'slow.p8'), 'utf8');
    const began = performance.now();
    assert.throws(() => readPrivateKey(text, 'secret'), hasCode('SY-AUTHORITY-KEY'));
    assert.ok(performance.now() - began < 200);
  }),
);
