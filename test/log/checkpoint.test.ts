// Checkpoints: signed over durable heads only, one signature per size, in the note format of each log.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { parseCheckpoint, parseNote } from '../../src/formats/note.ts';
import { decodeEntryBundle } from '../../src/formats/tile.ts';
import { concat, fromUtf8, toUtf8 } from '../../src/ground/bytes.ts';
import type { LogName } from '../../src/ground/change.ts';
import { isSealyardError, SealyardError } from '../../src/ground/errors.ts';
import type { KeyPurpose, Signer } from '../../src/keys/signer.ts';
import { openLogs } from '../../src/log/logs.ts';
import type { LogSpec, Logs, NoteType, TileReader } from '../../src/log/ports.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { readPublicKey } from '../../src/verify/key.ts';
import { leafOf } from '../contract/store.ts';

/** A signer over a fresh key that counts, and fails while `broken`. */
class CountingSigner implements Signer {
  readonly ref = 'test';
  readonly purpose: KeyPurpose;
  readonly algorithm: Signer['algorithm'];
  readonly publicKey: Signer['publicKey'];
  signatures = 0;
  broken = false;
  readonly #key: KeyObject;

  constructor(purpose: KeyPurpose, type: 'ec' | 'ed25519') {
    const pair =
      type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
    this.purpose = purpose;
    this.algorithm = type === 'ec' ? 'ecdsa-sha256' : 'ed25519';
    this.#key = pair.privateKey;
    this.publicKey = readPublicKey(new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' })));
  }

  async sign(purpose: KeyPurpose, message: Uint8Array): Promise<Uint8Array> {
    assert.equal(purpose, this.purpose);
    if (this.broken) throw new SealyardError('SY-STORE-UNAVAILABLE', 'the key store does not answer');
    this.signatures++;
    await undefined;
    return new Uint8Array(sign(this.algorithm === 'ed25519' ? null : 'sha256', message, this.#key));
  }
}

const ORIGIN = 'log.example/2026';

interface Scene {
  readonly store: Store;
  readonly signer: CountingSigner;
  readonly logs: Logs;
  now: number;
  readonly append: (text: string) => ReturnType<Store['commit']>;
}

function scene(log: LogName, noteType: NoteType, tiles?: (store: Store) => TileReader): Scene {
  const store = createMemoryStore();
  const signer = new CountingSigner(`${log}-log`, noteType === 'ed25519' ? 'ed25519' : 'ec');
  const spec: LogSpec = { name: log, origin: ORIGIN, signer, noteType };
  const made: { now: number } = { now: 1_700_000_000_000 };
  const clock = { now: () => new Date(made.now) };
  const logs = openLogs({ specs: [spec], tiles: tiles?.(store) ?? store.tiles, clock });
  const append = (text: string) => store.commit({ puts: [], leaves: [{ ...leafOf(text), log }], events: [] });
  return Object.assign(made, { store, signer, logs, append });
}

const sha256 = (...parts: Uint8Array[]) =>
  new Uint8Array(
    createHash('sha256')
      .update(concat(...parts))
      .digest(),
  );

function signatureOf(note: string): { text: string; keyHint: Uint8Array; signature: Uint8Array } {
  const { text, signatures } = parseNote(note);
  const [only] = signatures;
  assert.ok(only !== undefined && signatures.length === 1 && only.name === ORIGIN);
  return { text, keyHint: only.keyHint, signature: only.signature };
}

test('the signature log signs the note text with ECDSA, and its key id is SHA-256 of the key', async () => {
  const { logs, append, signer, store } = scene('signature', 'ecdsa-sigstore');
  await append('a');
  const { text, keyHint, signature } = signatureOf(await logs.checkpoint('signature'));
  const head = store.tiles.head('signature');
  assert.deepEqual(parseCheckpoint(text), { origin: ORIGIN, ...head, extensions: [] });
  assert.deepEqual(logs.logId('signature'), sha256(signer.publicKey.spki));
  assert.deepEqual(keyHint, sha256(signer.publicKey.spki).slice(0, 4));
  assert.ok(verify('sha256', toUtf8(text), signer.publicKey.keyObject, signature));
});

test('C2SP signed-note: the audit log signs with Ed25519 under a key id of name, type 1 and key', async () => {
  const { logs, signer } = scene('audit', 'ed25519');
  const { text, keyHint, signature } = signatureOf(await logs.checkpoint('audit'));
  const id = sha256(toUtf8(`${ORIGIN}\n`), Uint8Array.of(1), signer.publicKey.spki.slice(-32));
  assert.deepEqual(keyHint, id.slice(0, 4));
  assert.deepEqual(logs.logId('audit'), id);
  assert.ok(verify(null, toUtf8(text), signer.publicKey.keyObject, signature));
  assert.equal(parseCheckpoint(text).size, 0);
});

test('static-ct-api: the certificate log wraps an RFC 6962 tree head signature with its timestamp', async () => {
  const made = scene('certificate', 'rfc6962');
  await made.append('a');
  const { text, keyHint, signature } = signatureOf(await made.logs.checkpoint('certificate'));
  const spki = made.signer.publicKey.spki;
  assert.deepEqual(keyHint, sha256(toUtf8(`${ORIGIN}\n`), Uint8Array.of(5), sha256(spki)).slice(0, 4));
  assert.deepEqual(made.logs.logId('certificate'), sha256(spki));
  const view = new DataView(signature.buffer, signature.byteOffset, signature.length);
  assert.equal(view.getBigUint64(0), BigInt(made.now));
  assert.deepEqual([...signature.subarray(8, 10)], [4, 3]);
  assert.equal(view.getUint16(10), signature.length - 12);
  const signed = new Uint8Array(2 + 8 + 8 + 32);
  signed[1] = 1;
  const out = new DataView(signed.buffer);
  out.setBigUint64(2, view.getBigUint64(0));
  out.setBigUint64(10, 1n);
  signed.set(parseCheckpoint(text).rootHash, 18);
  assert.ok(verify('sha256', signed, made.signer.publicKey.keyObject, signature.subarray(12)));
});

test('the timestamp of a tree head never goes back, whatever the clock does', async () => {
  const made = scene('certificate', 'rfc6962');
  const stamp = async () => {
    const { signature } = signatureOf(await made.logs.checkpoint('certificate'));
    return new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  };
  const first = await stamp();
  made.now -= 3_600_000;
  await made.append('a');
  assert.equal(await stamp(), first);
});

test('however many ask for one size, there is one signature', async () => {
  const { logs, append, signer } = scene('signature', 'ecdsa-sigstore');
  const [leaf] = (await append('a')).leaves;
  assert.ok(leaf !== undefined);
  const head = { size: leaf.treeSize, rootHash: leaf.rootHash };
  const notes = await Promise.all([
    ...Array.from({ length: 50 }, () => logs.checkpointAt('signature', head)),
    logs.checkpoint('signature'),
  ]);
  assert.equal(new Set(notes).size, 1);
  assert.equal(signer.signatures, 1);
});

test('a receipt of an earlier batch gets the checkpoint of its own size', async () => {
  const { logs, append } = scene('signature', 'ecdsa-sigstore');
  const [early] = (await append('a')).leaves;
  await append('b');
  assert.ok(early !== undefined);
  await logs.checkpoint('signature');
  const note = await logs.checkpointAt('signature', { size: early.treeSize, rootHash: early.rootHash });
  assert.equal(parseCheckpoint(parseNote(note).text).size, 1);
});

test('a head that is not one of the durable tree is not signed', async () => {
  const { logs, append, store, signer } = scene('signature', 'ecdsa-sigstore');
  await append('a');
  await append('b');
  const { rootHash } = store.tiles.head('signature');
  const forked = (error: unknown) => isSealyardError(error, 'SY-LOG-FORKED');
  for (const head of [
    { size: 1, rootHash },
    { size: 2, rootHash: new Uint8Array(32) },
    { size: 3, rootHash },
  ])
    await assert.rejects(logs.checkpointAt('signature', head), forked);
  await logs.checkpoint('signature');
  await assert.rejects(logs.checkpointAt('signature', { size: 2, rootHash: new Uint8Array(32) }), forked);
  assert.equal(signer.signatures, 1);
});

test('a database that went back in time gets no further checkpoint', async () => {
  let rewound = false;
  const empty = createMemoryStore();
  const { logs, append } = scene('signature', 'ecdsa-sigstore', ({ tiles }) => ({
    ...tiles,
    head: (log) => (rewound ? empty : { tiles }).tiles.head(log),
  }));
  await append('a');
  await logs.checkpoint('signature');
  rewound = true;
  await assert.rejects(logs.checkpoint('signature'), (error) => isSealyardError(error, 'SY-LOG-FORKED'));
});

test('a key store that did not answer is asked again', async () => {
  const { logs, append, signer } = scene('signature', 'ecdsa-sigstore');
  await append('a');
  signer.broken = true;
  await assert.rejects(logs.checkpoint('signature'), (error) =>
    isSealyardError(error, 'SY-STORE-UNAVAILABLE'),
  );
  signer.broken = false;
  assert.equal(parseCheckpoint(parseNote(await logs.checkpoint('signature')).text).size, 1);
});

test('proofs outside the tree are refused, whatever numbers ask for them', async () => {
  const { logs, append } = scene('signature', 'ecdsa-sigstore');
  for (const text of ['a', 'b', 'c']) await append(text);
  const outside = (error: unknown) => isSealyardError(error, 'SY-LOG-OUT-OF-RANGE');
  for (const [index, size] of [
    [3, 3],
    [0, 4],
    [-1, 3],
    [0, 0],
    [0.5, 3],
    [Number.NaN, 3],
    [0, Number.NaN],
    [0, 2 ** 60],
  ] as const)
    assert.throws(() => logs.inclusionProof('signature', index, size), outside, `${index} of ${size}`);
  for (const [first, second] of [
    [2, 1],
    [1, 4],
    [-1, 2],
    [Number.NaN, 2],
    [1, 2.5],
  ] as const)
    assert.throws(() => logs.consistencyProof('signature', first, second), outside, `${first} to ${second}`);
  assert.deepEqual(logs.consistencyProof('signature', 0, 3), []);
  assert.deepEqual(logs.consistencyProof('signature', 3, 3), []);
});

test('signature entries are framed by their length, certificate entries frame themselves', async () => {
  const signature = scene('signature', 'ecdsa-sigstore');
  const certificate = scene('certificate', 'rfc6962');
  for (const text of ['one', '', 'three'])
    await Promise.all([signature.append(text), certificate.append(text)]);
  const bundle = signature.logs.entryBundle('signature', 0, 3) ?? new Uint8Array();
  assert.deepEqual(decodeEntryBundle(bundle, 3).map(fromUtf8), ['one', '', 'three']);
  assert.equal(fromUtf8(certificate.logs.entryBundle('certificate', 0, 3) ?? new Uint8Array()), 'onethree');
  assert.equal(signature.logs.entryBundle('signature', 0, 4), undefined);
  assert.equal(fromUtf8(signature.logs.entry('signature', 2) ?? new Uint8Array()), 'three');
});

test('a log has one specification, and one that was not opened is the fault of the caller', async () => {
  const { logs, store, signer } = scene('signature', 'ecdsa-sigstore');
  const spec: LogSpec = { name: 'signature', origin: ORIGIN, signer, noteType: 'ecdsa-sigstore' };
  assert.throws(
    () => openLogs({ specs: [spec, spec], tiles: store.tiles, clock: { now: () => new Date(0) } }),
    TypeError,
  );
  assert.throws(() => logs.checkpoint('audit'), TypeError);
});
