// Signed notes and checkpoints, against the example of the specification and against hostile texts.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { der } from '../../src/formats/der.ts';
import {
  encodeCheckpoint,
  encodeNote,
  noteKeyId,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
} from '../../src/formats/note.ts';
import { toHex, toUtf8 } from '../../src/ground/bytes.ts';
import { readPublicKey, verifySignature } from '../../src/verify/key.ts';
import { refused } from './refused.ts';

// C2SP signed-note, "Example".
const EXAMPLE =
  'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';

suite('signed notes', () => {
  test('the example of the specification verifies with its key', () => {
    const note = parseNote(EXAMPLE);
    const { name, keyHint, type, key } = parseVerifierKey(VKEY);
    const [line] = note.signatures;
    assert.ok(line !== undefined);
    assert.equal(line.name, name);
    assert.deepEqual(line.keyHint, keyHint);
    assert.equal(toHex(noteKeyId(name, type, key).slice(0, 4)), '530d903a');
    const spki = der.sequence(der.sequence(der.oid('1.3.101.112')), der.bitString(key));
    assert.ok(verifySignature(readPublicKey(spki), 'ed25519', toUtf8(note.text), line.signature));
  });

  test('a note is written as it was read, empty lines in the text included', () => {
    for (const text of [EXAMPLE, EXAMPLE.replace('example', 'first\n\nexample')])
      assert.equal(encodeNote(parseNote(text)), text);
    assert.equal(
      parseNote(EXAMPLE.replace('example', 'first\n\nexample')).text,
      'This is an first\n\nexample message.\n',
    );
  });

  test('what the specification forbids is refused', () => {
    const line = EXAMPLE.slice(EXAMPLE.indexOf('—'));
    const bad = [
      '',
      '\n',
      '\n\n',
      'text\n',
      'text\n\n',
      `text\n${line}`,
      EXAMPLE.slice(0, -1),
      EXAMPLE.replace('—', '-'),
      EXAMPLE.replace('— ', '—'),
      EXAMPLE.replace('example.com/foo', ''),
      EXAMPLE.replace('example.com/foo', 'a+b'),
      EXAMPLE.replace('example.com/foo', 'a\u00a0b'),
      EXAMPLE.replace('message', 'mess\tage'),
      EXAMPLE.replace('message', 'mess\u0000age'),
      EXAMPLE.replace('message', 'mess\rage'),
      EXAMPLE.replace('message', 'mess\ud800age'),
      EXAMPLE.replace('yaQM=', 'yaQM'),
      EXAMPLE.replace('yaQM=', 'yaQN='),
      `text\n\n— name AAAA\n`,
      `${EXAMPLE}trailing`,
      `${EXAMPLE}${'— n AAAAAAAA\n'.repeat(100)}`,
      'x'.repeat(2_000_000),
    ];
    for (const text of bad) refused('SY-NOTE-MALFORMED', () => parseNote(text), text.slice(0, 60));
  });

  test('a verifier key with another hint, or none, is refused', () => {
    for (const text of [
      '',
      'name',
      VKEY.replace('530d903a', '530d903b'),
      VKEY.replace('+A', '+B'),
      `${VKEY}+`,
    ])
      refused('SY-NOTE-MALFORMED', () => parseVerifierKey(text));
  });

  test('a hostile note takes linear time', () => {
    const started = performance.now();
    for (const text of [
      `${'\n'.repeat(900_000)}`,
      `a\n\n${'— '.repeat(300_000)}\n`,
      `a\n\n— ${'n'.repeat(900_000)}\n`,
    ])
      refused('SY-NOTE-MALFORMED', () => parseNote(text));
    assert.ok(performance.now() - started < 5_000);
  });
});

suite('checkpoints', () => {
  const root = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
  const text = `log.example\n6\n${root}\n`;

  test('a checkpoint is written as it was read', () => {
    for (const one of [text, `${text}Timestamp: 12\n`, text.replace('\n6\n', '\n0\n')])
      assert.equal(encodeCheckpoint(parseCheckpoint(one)), one);
  });

  test('a missing or malformed line is refused', () => {
    const bad = [
      '',
      'log.example\n',
      `6\n${root}\n`,
      `\n6\n${root}\n`,
      `log.example\n${root}\n`,
      'log.example\n6\n',
      text.slice(0, -1),
      text.replace('6', '06'),
      text.replace('6', '-6'),
      text.replace('6', '6.0'),
      text.replace('6', '9007199254740992'),
      text.replace('6', '99999999999999999999'),
      text.replace(root, 'AAAA'),
      text.replace('A=', 'A'),
      `${text}\n`,
      `${text}a\n\nb\n`,
      `${text}${'x\n'.repeat(100)}`,
    ];
    for (const one of bad)
      refused('SY-CHECKPOINT-MALFORMED', () => parseCheckpoint(one), JSON.stringify(one).slice(0, 60));
  });
});
