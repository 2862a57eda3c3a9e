// The DNS client against a server that lies, stammers, forges and cuts off; and the parser against broken messages.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { type TestContext, test } from 'node:test';
import { isSealyardError } from '../../src/ground/errors.ts';
import { createDnsClient } from '../../src/reach/dns-client.ts';
import { type DnsType, decodeResponse } from '../../src/reach/dns-message.ts';
import {
  type DnsQuestion,
  DnsServer,
  encodeName,
  encodeRecord,
  reply,
  resource,
} from '../driver/dns-server.ts';

const NAME = 'www.example.com';
const random = { bytes: (size: number): Uint8Array => new Uint8Array(randomBytes(size)) };

async function setUp(t: TestContext) {
  const server = await DnsServer.start();
  t.after(() => server.close());
  const client = createDnsClient({ servers: [server.address], random });
  const ask = (name: string, type: DnsType, ms = 1500) => client.query(name, type, AbortSignal.timeout(ms));
  return { server, ask };
}

const dnsError = (message: RegExp) => (error: unknown) =>
  isSealyardError(error, 'SY-REACH-DNS') && message.test(error.message);

test('addresses are read in their canonical spelling', async (t) => {
  const { server, ask } = await setUp(t);
  server.a(NAME, '192.0.2.1', '192.0.2.2', '2001:db8::1', '::ffff:192.0.2.9');
  assert.deepEqual(
    (await ask(NAME, 'A')).records.map((r) => 'address' in r && r.address),
    ['192.0.2.1', '192.0.2.2'],
  );
  assert.deepEqual(
    (await ask(NAME, 'AAAA')).records.map((r) => 'address' in r && r.address),
    ['2001:db8::1', '::ffff:c000:209'],
  );
});

test("the laboratory's server and node's resolver understand each other", async (t) => {
  const { server } = await setUp(t);
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([server.address]);
  server.a(NAME, '192.0.2.1');
  server.txt(NAME, 'a', 'b');
  server.caa(NAME, 128, 'issue', 'ca.example');
  assert.deepEqual(await resolver.resolve4(NAME), ['192.0.2.1']);
  assert.deepEqual(await resolver.resolveTxt(NAME), [['a', 'b']]);
  assert.equal((await resolver.resolveCaa(NAME))[0]?.issue, 'ca.example');
  await assert.rejects(resolver.resolve4('none.example.com'), /ENOTFOUND/);
});

test('a name that is not there, and one without such records, are answers', async (t) => {
  const { server, ask } = await setUp(t);
  server.a(NAME, '192.0.2.1');
  assert.deepEqual([(await ask(NAME, 'TXT')).exists, (await ask(NAME, 'TXT')).records.length], [true, 0]);
  assert.equal((await ask('none.example.com', 'A')).exists, false);
  assert.equal((await ask('example.com', 'A')).exists, true);
});

test('ids, ports and the case of letters differ from question to question', async (t) => {
  const { server, ask } = await setUp(t);
  for (let i = 0; i < 12; i++) await ask('abcdefghijklmnop.example.com', 'A');
  assert.ok(new Set(server.asked.map(({ id }) => id)).size > 10);
  assert.ok(new Set(server.asked.map(({ written }) => written)).size > 10);
  assert.deepEqual([...new Set(server.asked.map(({ name }) => name))], ['abcdefghijklmnop.example.com']);
});

test('RFC 5452 §9: answers with another id, name, type or case are passed over, and the true one counts', async (t) => {
  const { server, ask } = await setUp(t);
  server.a(NAME, '192.0.2.1');
  const lie = (q: DnsQuestion) => [encodeRecord(q.name, { type: 'A', address: '203.0.113.66' })];
  server.misbehave = (q) => [
    reply(q, { id: (q.id + 1) & 0xffff, answers: lie(q) }),
    reply(q, {
      question: Buffer.concat([encodeName('evil.example.com'), Buffer.of(0, 1, 0, 1)]),
      answers: lie(q),
    }),
    reply(q, { question: Buffer.concat([encodeName(q.written), Buffer.of(0, 16, 0, 1)]), answers: lie(q) }),
    Buffer.from('garbage'),
    server.truthTo(q),
  ];
  const [record] = (await ask(NAME, 'A')).records;
  assert.deepEqual(record, { type: 'A', name: NAME, address: '192.0.2.1' });
});

test('records of other names in an answer are not believed', async (t) => {
  const { server, ask } = await setUp(t);
  server.misbehave = (q) => [
    reply(q, { answers: [encodeRecord('other.example.com', { type: 'A', address: '203.0.113.66' })] }),
  ];
  assert.deepEqual((await ask(NAME, 'A')).records, []);
});

test('a cut-off answer, one in another case, and a flood of strays are asked for again over TCP', async (t) => {
  const { server, ask } = await setUp(t);
  server.a(NAME, '192.0.2.1');
  const overUdp: Record<string, (q: DnsQuestion) => readonly Buffer[]> = {
    'cut off': (q) => [reply(q, { truncated: true })],
    'lower case': (q) => [
      reply(q, {
        question: Buffer.concat([encodeName(q.name), q.question.subarray(-4)]),
        answers: [encodeRecord(q.name, { type: 'A', address: '203.0.113.66' })],
      }),
    ],
    flood: (q) => Array.from({ length: 40 }, (_, i) => reply(q, { id: (q.id + 1 + i) & 0xffff })),
  };
  for (const [what, forge] of Object.entries(overUdp)) {
    server.misbehave = (q) => (q.transport === 'udp' ? forge(q) : undefined);
    assert.deepEqual(
      (await ask(NAME, 'A')).records.map((r) => 'address' in r && r.address),
      ['192.0.2.1'],
      what,
    );
    assert.equal(server.asked.at(-1)?.transport, 'tcp', what);
  }
});

test('an answer that is cut off over TCP too is an error', async (t) => {
  const { server, ask } = await setUp(t);
  server.misbehave = (q) => [reply(q, { truncated: true })];
  await assert.rejects(ask(NAME, 'A'), dnsError(/cut off/));
});

test('RFC 6891 §7: a server that does not know EDNS is asked without', async (t) => {
  const { server, ask } = await setUp(t);
  server.a(NAME, '192.0.2.1');
  server.misbehave = (q) => (q.edns ? [reply(q, { rcode: 1, question: Buffer.alloc(0) })] : undefined);
  assert.equal((await ask(NAME, 'A')).records.length, 1);
});

test('CAA flags and tags arrive whatever the tag is called', async (t) => {
  const { server, ask } = await setUp(t);
  server.caa(NAME, 128, 'critical', 'x');
  server.caa(NAME, 129, 'TYPE', 'a;b\x00');
  assert.deepEqual((await ask(NAME, 'CAA')).records, [
    { type: 'CAA', name: NAME, flags: 128, tag: 'critical', value: 'x' },
    { type: 'CAA', name: NAME, flags: 129, tag: 'type', value: 'a;b\x00' },
  ]);
});

test('aliases are followed to their end and no further than ten', async (t) => {
  const { server, ask } = await setUp(t);
  for (let i = 0; i < 10; i++) server.cname(`n${i}.example.com`, `n${i + 1}.example.com`);
  server.txt('n10.example.com', 'end');
  for (const stop of [false, true]) {
    server.stopAtAlias = stop;
    const answer = await ask('n0.example.com', 'TXT');
    assert.equal(answer.aliases.length, 10);
    assert.equal(answer.records.length, 1);
  }
  server.cname('n00.example.com', 'n0.example.com');
  await assert.rejects(ask('n00.example.com', 'TXT'), dnsError(/too many aliases/));
});

test('an aborted question throws the reason', async (t) => {
  const { server } = await setUp(t);
  server.misbehave = () => [];
  const client = createDnsClient({ servers: [server.address], random });
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('enough')), 50);
  await assert.rejects(client.query(NAME, 'A', abort.signal), /enough/);
});

test('a server where nobody listens is told at once', async (t) => {
  const { server } = await setUp(t);
  const client = createDnsClient({ servers: ['127.0.0.1:1', server.address], random });
  server.a(NAME, '192.0.2.1');
  const began = performance.now();
  assert.equal((await client.query(NAME, 'A', AbortSignal.timeout(1500))).server, server.address);
  assert.ok(performance.now() - began < 500);
});

const Q: DnsQuestion = {
  id: 7,
  name: NAME,
  written: NAME,
  type: 1,
  edns: false,
  transport: 'udp',
  question: Buffer.concat([encodeName(NAME), Buffer.of(0, 1, 0, 1)]),
};
const POINTER_HOME = Buffer.from([0xc0, 0x0c]);
const tail = (type: number, data: Buffer): Buffer => resource('x', type, data).subarray(3);
for (const [what, message] of Object.entries({
  nothing: Buffer.alloc(0),
  'half a header': Buffer.alloc(7),
  'a query': Buffer.concat([Buffer.of(0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0), Q.question]),
  'two questions': (() => {
    const m = reply(Q);
    m.writeUInt16BE(2, 4);
    return m;
  })(),
  'more answers announced than there are': (() => {
    const m = reply(Q);
    m.writeUInt16BE(9, 6);
    return m;
  })(),
  'an address of five octets': reply(Q, { answers: [resource(NAME, 1, Buffer.alloc(5))] }),
  'a short IPv6 address': reply(Q, { answers: [resource(NAME, 28, Buffer.alloc(15))] }),
  'an alias with more behind it': reply(Q, {
    answers: [resource(NAME, 5, Buffer.concat([POINTER_HOME, Buffer.of(1)]))],
  }),
  'a name that points to itself': reply(Q, {
    answers: [Buffer.concat([Buffer.from([0xc0, 33]), tail(1, Buffer.alloc(4))])],
  }),
  'a name that points forwards': reply(Q, {
    answers: [Buffer.concat([Buffer.from([0xc0, 60]), tail(1, Buffer.alloc(40))])],
  }),
  'a label of a reserved kind': reply(Q, {
    answers: [Buffer.concat([Buffer.from([0x80, 0]), tail(1, Buffer.alloc(4))])],
  }),
  'a string longer than its record': reply(Q, { answers: [resource(NAME, 16, Buffer.of(200, 65))] }),
  'a tag longer than its record': reply(Q, { answers: [resource(NAME, 257, Buffer.of(0, 200, 65))] }),
  'a name of 300 octets': reply(Q, {
    answers: [resource(Array<string>(5).fill('a'.repeat(60)).join('.'), 1, Buffer.alloc(4))],
  }),
}))
  test(`${what}: a message that is refused`, () => {
    assert.throws(() => decodeResponse(message), dnsError(/cannot be read/));
  });

test('a dot within a label does not look like the dot between two', () => {
  const odd = Buffer.concat([Buffer.of(3), Buffer.from('a.b'), encodeName('com')]);
  const [record] = decodeResponse(reply(Q, { answers: [resource(NAME, 5, odd)] })).answers;
  assert.deepEqual(record, { type: 'CNAME', name: NAME, target: 'a\\046b.com' });
});

test('any octets are either read or refused, and quickly', () => {
  const began = performance.now();
  const base = reply(Q, {
    answers: [
      encodeRecord(NAME, { type: 'CAA', flags: 0, tag: 'issue', value: 'x' }),
      resource(NAME, 5, POINTER_HOME),
    ],
  });
  for (let i = 0; i < 20_000; i++) {
    const message = Buffer.from(base);
    for (const at of randomBytes(3)) message[at % message.length] = (at * 31 + i) & 255;
    try {
      decodeResponse(message);
    } catch (error) {
      assert.ok(isSealyardError(error, 'SY-REACH-DNS'));
    }
  }
  assert.ok(performance.now() - began < 5000);
});
