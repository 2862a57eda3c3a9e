// The laboratory that end-to-end tests stand on answers every challenge as a validator wants it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChallengeLab } from '../driver/challenge-lab.ts';
import { target, validatorFor, verdict } from './lab.ts';

test('the laboratory answers http-01, dns-01 and tls-alpn-01 for any name, and for its address', async (t) => {
  const lab = await ChallengeLab.start();
  t.after(() => lab.close());
  const validator = validatorFor(lab.config);
  const name = 'any.name.example';
  const ip = { type: 'ip', value: '127.0.0.1' } as const;
  const asked = [
    target('http-01', name),
    target('http-01', ip),
    target('dns-01', name),
    target('tls-alpn-01', name),
    target('tls-alpn-01', ip),
  ];
  for (const each of asked) assert.notEqual(verdict(await validator.validate(each)), 'valid');
  for (const { type, token, identifier, keyAuthorization } of asked) {
    if (type === 'http-01') lab.answerHttp(token, keyAuthorization);
    if (type === 'dns-01') lab.answerDns(identifier.value, keyAuthorization);
    if (type === 'tls-alpn-01') lab.answerTlsAlpn(identifier.value, keyAuthorization);
  }
  for (const each of asked) assert.equal(verdict(await validator.validate(each)), 'valid', each.type);
  lab.forget();
  assert.notEqual(verdict(await validator.validate(target('http-01', name))), 'valid');
});
