// Prints what one signature and one verification cost on the core that this process was put on.
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import type { CryptoCosts } from './floor.ts';

const LOOP_MS = 500;

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const message = randomBytes(700);
const signature = sign('sha256', message, ec.privateKey);
const tokenSignature = sign('sha256', message, rsa.privateKey);
const costs: CryptoCosts = {
  signMs: meanOf(() => sign('sha256', message, ec.privateKey)),
  verifyMs: meanOf(() => verify('sha256', message, ec.publicKey, signature)),
  tokenMs: meanOf(() => verify('sha256', message, rsa.publicKey, tokenSignature)),
};
process.stdout.write(JSON.stringify(costs));

function meanOf(work: () => unknown): number {
  for (let i = 0; i < 500; i++) work();
  const begun = performance.now();
  let calls = 0;
  for (; performance.now() - begun < LOOP_MS; calls++) work();
  return (performance.now() - begun) / calls;
}
