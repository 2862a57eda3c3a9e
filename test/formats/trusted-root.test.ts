// Trusted roots and signing configurations: what a client would read, and what it must refuse.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  parseSigningConfig,
  SIGNING_CONFIG_MEDIA_TYPE,
  signingConfigJson,
} from '../../src/formats/signing-config.ts';
import { isWithin, parseTrustedRoot, trustedRootJson } from '../../src/formats/trusted-root.ts';
import type { Json, JsonObject } from '../../src/ground/json.ts';
import { World } from '../verify/world.ts';
import { refused, variants } from './refused.ts';

const json = trustedRootJson(new World().trustedRoot({ ca: { start: new Date(0), end: new Date(1) } }));

function withStart(start: Json): Json {
  const [log] = json['tlogs'] as readonly JsonObject[];
  assert.ok(log !== undefined);
  return {
    ...json,
    tlogs: [{ ...log, publicKey: { ...(log['publicKey'] as JsonObject), validFor: { start } } }],
  };
}

suite('trusted roots', () => {
  test('a trusted root is written as it was read', () => {
    assert.deepEqual(trustedRootJson(parseTrustedRoot(json)), json);
  });

  test('another media type or an unknown member is refused', () => {
    for (const mediaType of ['application/vnd.dev.sigstore.trustedroot.v0.2+json', '', 1, null])
      refused('SY-TRUSTED-ROOT-MALFORMED', () => parseTrustedRoot({ ...json, mediaType }));
    refused('SY-TRUSTED-ROOT-MALFORMED', () => parseTrustedRoot({ ...json, more: [] }));
  });

  test('a log without the start of its validity is refused', () => {
    refused('SY-TRUSTED-ROOT-MALFORMED', () => parseTrustedRoot(withStart(null)));
  });

  test('times are RFC 3339 in UTC, days that exist, up to nanoseconds', () => {
    const start = (text: string): Date | undefined =>
      parseTrustedRoot(withStart(text)).tlogs[0]?.publicKey.validFor.start;
    assert.deepEqual(start('2024-02-29T00:00:00Z'), new Date('2024-02-29T00:00:00Z'));
    assert.deepEqual(start('2024-01-01T00:00:00.123456789Z'), new Date('2024-01-01T00:00:00.123Z'));
    for (const bad of [
      '2023-02-29T00:00:00Z',
      '2024-02-30T00:00:00Z',
      '2024-01-01',
      '2024-01-01T00:00:00',
      '2024-01-01T00:00:00+01:00',
      '2024-01-01T24:00:00Z',
      '2024-01-01T00:00:60Z',
      'now',
      '',
    ])
      refused('SY-TRUSTED-ROOT-MALFORMED', () => parseTrustedRoot(withStart(bad)), bad);
  });

  test('a window whose end is before its start is refused; both ends belong to it', () => {
    const window = { start: new Date(1000), end: new Date(2000) };
    assert.deepEqual(
      [999, 1000, 2000, 2001].map((ms) => isWithin(window, new Date(ms))),
      [false, true, true, false],
    );
    const [ca] = json['certificateAuthorities'] as readonly JsonObject[];
    const reversed = { ...ca, validFor: { start: '2024-01-02T00:00:00Z', end: '2024-01-01T00:00:00Z' } };
    refused('SY-TRUSTED-ROOT-MALFORMED', () =>
      parseTrustedRoot({ ...json, certificateAuthorities: [reversed] }),
    );
  });

  test('whatever one member is, the answer is a trusted root or a coded refusal', () => {
    for (const variant of variants(json)) {
      let failed = true;
      try {
        parseTrustedRoot(variant.json);
        failed = false;
      } catch {}
      if (failed) refused('SY-TRUSTED-ROOT-MALFORMED', () => parseTrustedRoot(variant.json), variant.path);
    }
  });
});

suite('signing configurations', () => {
  const service = {
    url: 'https://yard.example',
    majorApiVersion: 1,
    validFor: { start: '2024-01-01T00:00:00Z' },
    operator: 'yard',
  };
  const config = {
    mediaType: SIGNING_CONFIG_MEDIA_TYPE,
    caUrls: [service],
    oidcUrls: [service],
    rekorTlogUrls: [{ ...service, majorApiVersion: 2 }],
    rekorTlogConfig: { selector: 'EXACT', count: 2 },
    tsaUrls: [service],
    tsaConfig: { selector: 'ANY' },
  };

  test('a configuration is written as it was read', () => {
    assert.deepEqual(signingConfigJson(parseSigningConfig(config)), config);
  });

  test('another version, an unknown member or selector is refused', () => {
    const bad: Json[] = [
      { ...config, mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json' },
      { ...config, caUrl: 'https://yard.example' },
      { ...config, tsaConfig: { selector: 'SOME' } },
      { ...config, caUrls: [{ ...service, url: '' }] },
      null,
      [],
    ];
    for (const one of bad) refused('SY-SIGNING-CONFIG-MALFORMED', () => parseSigningConfig(one));
  });
});
