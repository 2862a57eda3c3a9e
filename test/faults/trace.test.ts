// The judge of traces must see an answer that left too early: traces as strace writes them, good and bad.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeTrace } from './trace.ts';

const SOCKET = 'TCP:[127.0.0.1:8443->127.0.0.1:50000]';
const WAL = '/data/store/yard.db-wal';
const WINDOW = { data: '/data', port: 8443, from: 100, until: 200 };

const read = `10 101.000001 read(21<${SOCKET}>, ""..., 65536) = 512`;
const write = `11 101.000002 pwrite64(18<${WAL}>, ""..., 4096, 0) = 4096`;
const sync = `11 101.000003 fdatasync(18<${WAL}>) = 0`;
const answer = `10 101.000004 write(21<${SOCKET}>, ""..., 700) = 700`;

test('a request, a write, its sync, then the answer: nothing to say', () => {
  const verdict = judgeTrace([read, write, sync, answer].join('\n'), WINDOW);
  assert.deepEqual(verdict, { faults: [], answers: 1, writes: 1, syncs: 1 });
});

test('an answer before the sync is found', () => {
  const { faults } = judgeTrace([read, write, answer, sync].join('\n'), WINDOW);
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /answer 1 left before .*-wal was synced/);
});

test('a sync that began before the answer and ended after it does not cover it', () => {
  const begun = `11 101.000003 fdatasync(18<${WAL}> <unfinished ...>`;
  const ended = '11 101.000005 <... fdatasync resumed>) = 0';
  assert.equal(judgeTrace([read, write, begun, answer, ended].join('\n'), WINDOW).faults.length, 1);
  assert.deepEqual(judgeTrace([read, write, begun, ended, answer].join('\n'), WINDOW).faults, []);
});

test('a failed sync syncs nothing', () => {
  const failed = `11 101.000003 fdatasync(18<${WAL}>) = -1 EIO (Input/output error)`;
  assert.equal(judgeTrace([read, write, failed, answer].join('\n'), WINDOW).faults.length, 1);
});

test('an answer for which nothing was written is found', () => {
  const { faults } = judgeTrace([read, answer].join('\n'), WINDOW);
  assert.deepEqual(faults, ['nothing was written between request 1 and its answer']);
});

test('other sockets, other files and other times are not judged', () => {
  const lines = [
    `10 50.000001 read(21<${SOCKET}>, ""..., 65536) = 512`,
    `10 50.000002 write(21<${SOCKET}>, ""..., 700) = 700`,
    '10 101.000001 read(22<TCP:[127.0.0.1:9999->127.0.0.1:50000]>, ""..., 65536) = 512',
    '10 101.000002 write(22<TCP:[127.0.0.1:9999->127.0.0.1:50000]>, ""..., 700) = 700',
    '11 101.000003 write(3</data/log>, ""..., 10) = 10',
    `10 101.000004 read(21<${SOCKET}>, "", 65536) = -1 EAGAIN (Resource temporarily unavailable)`,
  ];
  assert.deepEqual(judgeTrace(lines.join('\n'), WINDOW), { faults: [], answers: 0, writes: 0, syncs: 0 });
});
