// CAA: which record of which domain decides (RFC 8659), for which account and method (RFC 8657).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaaOptions } from '../../src/challenge/validator.ts';
import { reply } from '../driver/dns-server.ts';
import { ACCOUNT, lab } from './lab.ts';

const NAME = 'shop.example.com';
type Row = readonly [at: string, flags: number, tag: string, value: string];

const ASKED: CaaOptions = { wildcard: false, accountUri: ACCOUNT, method: 'http-01' };
const WILD: CaaOptions = { ...ASKED, wildcard: true };
const GRANTED: CaaOptions = { ...ASKED, method: undefined };
const ALLOWED = /^allowed$/;
const FORBIDDEN = /^SY-CHALLENGE-CAA-FORBIDDEN final/;

const CASES: Readonly<Record<string, readonly [rows: readonly Row[], o: CaaOptions, expected: RegExp]>> = {
  'no record anywhere allows': [[], ASKED, ALLOWED],
  'our name allows': [[[NAME, 0, 'issue', 'ca.example']], ASKED, ALLOWED],
  'our name in capitals, with space and parameters, allows': [
    [[NAME, 0, 'ISSUE', ' CA.Example ; foo=bar ']],
    ASKED,
    ALLOWED,
  ],
  'our second name allows': [[[NAME, 0, 'issue', 'ca2.example']], ASKED, ALLOWED],
  'one of several allows': [
    [
      [NAME, 0, 'issue', 'other.example'],
      [NAME, 0, 'issue', 'ca.example'],
    ],
    ASKED,
    ALLOWED,
  ],
  'another name forbids': [[[NAME, 0, 'issue', 'other.example']], ASKED, FORBIDDEN],
  'nobody forbids': [
    [[NAME, 0, 'issue', ';']],
    ASKED,
    /FORBIDDEN final CAA of shop\.example\.com: nobody may issue/,
  ],
  'an empty value forbids': [[[NAME, 0, 'issue', '']], ASKED, FORBIDDEN],
  'a value that cannot be read forbids': [[[NAME, 0, 'issue', 'ca.example; %%%']], ASKED, /cannot be read/],
  'the parent decides where the name says nothing': [
    [['example.com', 0, 'issue', 'other.example']],
    ASKED,
    /CAA of example\.com/,
  ],
  'the top-level domain decides where nobody below says anything': [
    [['com', 0, 'issue', ';']],
    ASKED,
    /CAA of com/,
  ],
  'the nearest set decides alone': [
    [
      [NAME, 0, 'issue', 'ca.example'],
      ['example.com', 0, 'issue', ';'],
    ],
    ASKED,
    ALLOWED,
  ],
  'a nearest set that says nothing on issuing allows': [
    [
      [NAME, 0, 'iodef', 'mailto:x@example.com'],
      ['example.com', 0, 'issue', ';'],
    ],
    ASKED,
    ALLOWED,
  ],
  'issuewild says nothing about other names': [[[NAME, 0, 'issuewild', ';']], ASKED, ALLOWED],
  'issuewild replaces issue for wildcards': [
    [
      [NAME, 0, 'issue', 'ca.example'],
      [NAME, 0, 'issuewild', ';'],
    ],
    WILD,
    FORBIDDEN,
  ],
  'issuewild alone lets a wildcard pass': [
    [
      [NAME, 0, 'issue', ';'],
      [NAME, 0, 'issuewild', 'ca.example'],
    ],
    WILD,
    ALLOWED,
  ],
  'issue covers wildcards without issuewild': [[[NAME, 0, 'issue', 'other.example']], WILD, FORBIDDEN],
  'an unknown property that is not critical is passed over': [[[NAME, 0, 'tbs', 'Unknown']], ASKED, ALLOWED],
  'an unknown critical property forbids': [
    [
      [NAME, 128, 'tbs', 'Unknown'],
      [NAME, 0, 'issue', 'ca.example'],
    ],
    ASKED,
    /FORBIDDEN final .*critical property "tbs"/,
  ],
  'an unknown critical property with more flags forbids': [[[NAME, 255, 'tbs', '']], ASKED, FORBIDDEN],
  'a reserved flag is not critical': [[[NAME, 1, 'tbs', 'Unknown']], ASKED, ALLOWED],
  'a property named like a field of an object forbids where critical': [
    [[NAME, 128, 'critical', 'x']],
    ASKED,
    FORBIDDEN,
  ],
  'a known critical property is followed': [[[NAME, 128, 'issue', 'ca.example']], ASKED, ALLOWED],
  'iodef is told to whom it may concern': [
    [
      [NAME, 0, 'issue', ';'],
      [NAME, 0, 'iodef', 'mailto:pki@example.com'],
    ],
    ASKED,
    /hear of this at "mailto:pki@example\.com"/,
  ],
  'RFC 8657 §3: our account allows': [
    [[NAME, 0, 'issue', `ca.example; accounturi=${ACCOUNT}`]],
    ASKED,
    ALLOWED,
  ],
  'RFC 8657 §3: another account forbids': [
    [[NAME, 0, 'issue', `ca.example; accounturi=${ACCOUNT}0`]],
    ASKED,
    /FORBIDDEN final .*the account must be "https:/,
  ],
  'RFC 8657 §3: two accounts satisfy nobody': [
    [[NAME, 0, 'issue', `ca.example; accounturi=${ACCOUNT}; accounturi=${ACCOUNT}`]],
    ASKED,
    FORBIDDEN,
  ],
  'RFC 8657 §4: a method of the list allows': [
    [[NAME, 0, 'issue', 'ca.example; validationmethods=dns-01,http-01']],
    ASKED,
    ALLOWED,
  ],
  'RFC 8657 §4: another method forbids': [
    [[NAME, 0, 'issue', 'ca.example; validationmethods=dns-01']],
    ASKED,
    /FORBIDDEN final .*the method must be one of "dns-01"/,
  ],
  'RFC 8657 §4: a list binds where nothing was proven': [
    [[NAME, 0, 'issue', 'ca.example; validationmethods=dns-01']],
    GRANTED,
    FORBIDDEN,
  ],
  'without a proof, our name alone allows': [[[NAME, 0, 'issue', 'ca.example']], GRANTED, ALLOWED],
};

for (const [what, [rows, options, expected]] of Object.entries(CASES))
  test(`CAA: ${what}`, async (t) => {
    const { dns, validator } = await lab(t, { issuerDomains: ['ca.example', 'ca2.example'] });
    dns.a(NAME, '192.0.2.1');
    for (const row of rows) dns.caa(...row);
    assert.match(said(await validator.caa({ type: 'dns', value: NAME }, options)), expected);
  });

test('RFC 8659 §3: an alias is followed for its records and climbed from where it stands', async (t) => {
  const { dns, validator } = await lab(t);
  const ask = async () => said(await validator.caa({ type: 'dns', value: NAME }, ASKED));
  dns.cname(NAME, 'shop.cdn.example.net');
  dns.caa('example.net', 0, 'issue', ';');
  dns.a('shop.cdn.example.net', '192.0.2.1');
  assert.equal(await ask(), 'allowed', 'the parents of the target say nothing');
  dns.caa('shop.cdn.example.net', 0, 'issue', 'other.example');
  assert.match(await ask(), FORBIDDEN);
  dns.stopAtAlias = true;
  assert.match(await ask(), FORBIDDEN);
});

test('a wildcard is looked up at the name below the asterisk', async (t) => {
  const { dns, validator } = await lab(t);
  dns.caa(NAME, 0, 'issuewild', ';');
  assert.match(said(await validator.caa({ type: 'dns', value: `*.${NAME}` }, WILD)), FORBIDDEN);
  assert.equal(dns.asked[0]?.name, NAME);
});

test('a name server that fails, below or above, forbids, and says that it may be tried again', async (t) => {
  const { dns, validator } = await lab(t, { timeoutMs: 500 });
  for (const at of [NAME, 'example.com', 'com']) {
    dns.misbehave = (question) => (question.name === at ? [reply(question, { rcode: 2 })] : undefined);
    assert.match(
      said(await validator.caa({ type: 'dns', value: NAME }, ASKED)),
      new RegExp(`^SY-CHALLENGE-CAA-UNKNOWN retry ${at} CAA at .*SERVFAIL`),
    );
  }
  dns.misbehave = () => [];
  assert.match(
    said(await validator.caa({ type: 'dns', value: NAME }, ASKED)),
    /^SY-CHALLENGE-(TIMEOUT|CAA-UNKNOWN) retry/,
  );
});

function said(result: Awaited<ReturnType<Awaited<ReturnType<typeof lab>>['validator']['caa']>>): string {
  return result.allowed ? 'allowed' : `${result.code} ${result.retry ? 'retry' : 'final'} ${result.detail}`;
}
