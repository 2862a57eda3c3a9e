// The table of networks: what each address really reaches.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NetworkKind, namedNetworks, networkKind } from '../../src/reach/address.ts';

const CASES: readonly (readonly [string, NetworkKind])[] = [
  ['8.8.8.8', 'public'],
  ['2606:4700::1111', 'public'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['0.0.0.0', 'reserved'],
  ['::', 'reserved'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd12:3456::1', 'private'],
  ['169.254.1.1', 'link-local'],
  ['fe80::1', 'link-local'],
  ['169.254.169.254', 'metadata'],
  ['169.254.170.2', 'metadata'],
  ['100.100.100.200', 'metadata'],
  ['fd00:ec2::254', 'metadata'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['::ffff:a9fe:a9fe', 'metadata'],
  ['0:0:0:0:0:ffff:a00:1', 'private'],
  ['64:ff9b::10.0.0.1', 'private'],
  ['64:ff9b::808:808', 'public'],
  ['::127.0.0.1', 'reserved'],
  ['2002:7f00:1::', 'reserved'],
  ['2001:0:7f00:1::', 'reserved'],
  ['224.0.0.1', 'reserved'],
  ['255.255.255.255', 'reserved'],
  ['ff02::1', 'reserved'],
  ['not an address', 'reserved'],
  ['127.1', 'reserved'],
  ['', 'reserved'],
];

test('each address is judged by the network that it really reaches', () => {
  for (const [address, kind] of CASES) assert.equal(networkKind(address), kind, address);
});

test('named networks hold their addresses in every spelling, and no metadata service that was not named alone', () => {
  const named = namedNetworks(['10.0.0.0/8', '0.0.0.0/0', '::/0', '169.254.170.2/32']);
  for (const address of [
    '10.1.2.3',
    '127.0.0.1',
    '::1',
    '::ffff:10.1.2.3',
    '64:ff9b::a00:1',
    '169.254.170.2',
    '169.254.1.1',
  ])
    assert.equal(named.has(address), true, address);
  for (const address of [
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    'example.com',
    '10.1',
    '',
  ])
    assert.equal(named.has(address), false, address);
  assert.equal(namedNetworks([]).has('127.0.0.1'), false);
});

test('a network that is not written in CIDR form is refused', () => {
  for (const cidr of [
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0/8',
    '::1/129',
    '::ffff:10.0.0.0/104',
    'x/8',
    '1.2.3.4/-1',
  ])
    assert.throws(() => namedNetworks([cidr]), { code: 'SY-REACH-NETWORK' }, cidr);
});
