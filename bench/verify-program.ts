// Prints how long this process took to verify a bundle the first time, and how long it takes from then on.
import { readFileSync } from 'node:fs';
import { parseBundle } from '../src/formats/bundle.ts';
import { parseTrustedRoot } from '../src/formats/trusted-root.ts';
import { fromHex } from '../src/ground/bytes.ts';
import { parseJson } from '../src/ground/json.ts';
import { verifyBundle } from '../src/verify/bundle.ts';
import { prepareTrust, type TrustMaterial } from '../src/verify/trust.ts';
import { timeOf } from './loop.ts';

export interface VerifyResult {
  readonly coldMs: number;
  readonly warmMs: number;
  /** Signatures that no verifier of this bundle can leave out, the trust material being known. */
  readonly verifications: number;
}

const REQUIRE = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 };
/** The artifact's, the certificate's, its SCT's, the checkpoint's and the timestamp's. */
const VERIFICATIONS = 5;

const [bundleFile = '', trustFile = '', hex = '', seconds = '3'] = process.argv.slice(2);
const bundle = readFileSync(bundleFile, 'utf8');
const trustedRoot = readFileSync(trustFile, 'utf8');
const digest = fromHex(hex) ?? new Uint8Array();

const begun = performance.now();
const trust = prepareTrust(parseTrustedRoot(parseJson(trustedRoot)));
check(trust);
const coldMs = performance.now() - begun;
const warmMs = timeOf(() => check(trust), Number(seconds));
const result: VerifyResult = { coldMs, warmMs, verifications: VERIFICATIONS };
process.stdout.write(JSON.stringify(result));

function check(material: TrustMaterial): void {
  verifyBundle(parseBundle(parseJson(bundle)), { trust: material, artifact: { digest }, require: REQUIRE });
}
