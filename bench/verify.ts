// Verifying one bundle of a yard: cold (trust material and bundle from JSON, first time) and warm (trust prepared).
import { parseBundle } from '../src/formats/bundle.ts';
import { parseTrustedRoot } from '../src/formats/trusted-root.ts';
import { fromHex } from '../src/ground/bytes.ts';
import { parseJson } from '../src/ground/json.ts';
import { verifyBundle } from '../src/verify/bundle.ts';
import { prepareTrust } from '../src/verify/trust.ts';
import { AdminClient } from '../test/driver/admin.ts';
import { makeBundle } from '../test/driver/bundle.ts';
import { SUBJECT } from '../test/interop/stage.ts';
import { cryptoCosts } from './floor.ts';
import { type BenchOptions, type Row, rounded, timeOf } from './row.ts';
import { openBenchYard } from './yard.ts';

const HEX = `${'c0ffee'.repeat(10)}c0ff`;
const REQUIRE = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 };
/** Signature, leaf and its issuer, SCT, checkpoint, timestamp token, its certificate and that one's issuer. */
const VERIFICATIONS = 8;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  const { bundle, trustedRoot } = await material(o);
  const digest = fromHex(HEX) ?? new Uint8Array();
  const check = (trust: ReturnType<typeof trustOf>): void => {
    verifyBundle(parseBundle(parseJson(bundle)), { trust, artifact: { digest }, require: REQUIRE });
  };
  const begun = performance.now();
  const trust = trustOf(trustedRoot);
  check(trust);
  const coldMs = performance.now() - begun;
  const warmMs = timeOf(() => check(trust), o.seconds);
  const floor = rounded(VERIFICATIONS * cryptoCosts().verifyMs);
  return [
    { name: 'verify', variant: 'cold', value: rounded(coldMs), unit: 'ms', floor },
    { name: 'verify', variant: 'warm', value: rounded(warmMs), unit: 'ms', floor },
  ];
}

function trustOf(text: string) {
  return prepareTrust(parseTrustedRoot(parseJson(text)));
}

async function material(o: BenchOptions): Promise<{ bundle: string; trustedRoot: string }> {
  await using bench = await openBenchYard(o);
  const [client] = bench.clients(1);
  if (client === undefined) throw new TypeError('one client was asked for');
  const admin = await AdminClient.of(bench.yard);
  const token = await admin.jobToken(SUBJECT);
  admin.close();
  const bundle = JSON.stringify(await makeBundle({ client, token, imageDigest: `sha256:${HEX}` }));
  return { bundle, trustedRoot: (await client.get('/trusted_root.json')).body.toString() };
}
