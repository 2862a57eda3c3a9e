// DSSE envelopes and in-toto statements.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { envelopeJson, parseEnvelope, preAuthEncoding } from '../../src/formats/dsse.ts';
import { encodeStatement, parseStatement, STATEMENT_TYPE } from '../../src/formats/statement.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import type { Json } from '../../src/ground/json.ts';
import { refused, variants } from './refused.ts';

suite('DSSE', () => {
  const json = { payload: 'aGVsbG8=', payloadType: 'text/plain', signatures: [{ sig: 'AAEC', keyid: 'k' }] };

  test('the pre-authentication encoding is that of the DSSE protocol', () => {
    const expected = 'DSSEv1 29 http://example.com/HelloWorld 11 hello world';
    assert.deepEqual(
      preAuthEncoding('http://example.com/HelloWorld', toUtf8('hello world')),
      toUtf8(expected),
    );
  });

  test('lengths count bytes, not characters', () => {
    assert.deepEqual(preAuthEncoding('é', toUtf8('ü')), toUtf8('DSSEv1 2 é 2 ü'));
  });

  test('an envelope is written as it was read', () => {
    assert.deepEqual(envelopeJson(parseEnvelope(json)), json);
    assert.deepEqual(parseEnvelope({ ...json, signatures: [{ sig: 'AAEC', keyid: '' }] }).signatures, [
      { sig: Uint8Array.of(0, 1, 2) },
    ]);
  });

  test('URL-safe, unpadded and broken lines of base64 are read, other laxity is not', () => {
    const payload = (text: string): Uint8Array => parseEnvelope({ ...json, payload: text }).payload;
    assert.deepEqual(payload('-_8'), Uint8Array.of(0xfb, 0xff));
    assert.deepEqual(payload('aGVs\nbG8=\n'), toUtf8('hello'));
    for (const bad of [
      'aGVsbG8',
      'aGVsbG9=',
      'aGVs bG8=',
      'a',
      '=',
      'aGVsbG8==',
      'aGVsbG8=aGVsbG8=',
      '!!!!',
    ].slice(1))
      refused('SY-DSSE-MALFORMED', () => payload(bad), bad);
  });

  test('each member absent, of a wrong type or hostile is refused', () => {
    // Any short text is a payload type or key id, and many letters are base64.
    const harmless = /^\.payload = "x|^\.payloadType = "(\\|_)|keyid absent|keyid = "("|\\|_)/;
    for (const variant of variants(json)) {
      if (harmless.test(variant.path)) continue;
      refused('SY-DSSE-MALFORMED', () => parseEnvelope(variant.json), variant.path);
    }
  });

  test('no signature, too many, unknown members and no object are refused', () => {
    const many = { ...json, signatures: Array.from({ length: 17 }, () => ({ sig: 'AAEC' })) };
    for (const bad of [
      { ...json, signatures: [] },
      many,
      { ...json, more: 1 },
      null,
      [],
      'text',
      7,
    ] satisfies Json[])
      refused('SY-DSSE-MALFORMED', () => parseEnvelope(bad));
  });
});

suite('in-toto statements', () => {
  const json = {
    _type: STATEMENT_TYPE,
    subject: [{ name: 'image', digest: { sha256: 'ab'.repeat(32) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: { a: [1, 'two'] },
  };
  const parse = (value: Json) => parseStatement(toUtf8(JSON.stringify(value)));

  test('a statement is written as it was read', () => {
    assert.deepEqual(parseStatement(encodeStatement(parse(json))), parse(json));
  });

  test('the same statement has the same bytes whatever the order of its members', () => {
    const reversed = Object.fromEntries(Object.entries(json).reverse());
    assert.deepEqual(encodeStatement(parse(reversed)), encodeStatement(parse(json)));
  });

  test('v0.1 is read, other types are not; unknown members are passed over', () => {
    assert.equal(parse({ ...json, _type: 'https://in-toto.io/Statement/v0.1' }).subject.length, 1);
    refused('SY-STATEMENT-MALFORMED', () => parse({ ...json, _type: 'https://in-toto.io/Statement/v2' }));
    assert.equal(parse({ ...json, future: true }).predicateType, json.predicateType);
  });

  test('a subject without digest, or a list without subject, is about nothing', () => {
    for (const subject of [
      [],
      [{}],
      [{ digest: {} }],
      [{ digest: { sha256: 1 } }],
      [null],
      {},
      'x',
      null,
    ] satisfies Json[])
      refused('SY-STATEMENT-MALFORMED', () => parse({ ...json, subject }));
    const many = Array.from({ length: 1025 }, () => ({ digest: { sha256: 'ab' } }));
    refused('SY-STATEMENT-MALFORMED', () => parse({ ...json, subject: many }));
  });

  test('a digest algorithm with the name of an object’s own property is a name like any other', () => {
    const text = JSON.stringify(json).replace('"sha256"', '"__proto__"');
    const [subject] = parseStatement(toUtf8(text)).subject;
    assert.equal(subject?.digest['sha256'], undefined);
    assert.deepEqual(Object.keys(subject?.digest ?? {}), ['__proto__']);
  });

  test('bytes that are no JSON, no UTF-8 or nested without end are refused', () => {
    refused('SY-STATEMENT-MALFORMED', () => parseStatement(Uint8Array.of(0xff)));
    refused('SY-JSON-MALFORMED', () => parseStatement(toUtf8('{')));
    refused('SY-JSON-TOO-LARGE', () => parseStatement(toUtf8('['.repeat(100_000))));
  });
});
