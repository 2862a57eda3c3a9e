// Prints what one signature and one verification cost on the core that this process was put on.
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import type { CryptoCosts } from './floor.ts';
import { timeOf } from './loop.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const message = randomBytes(700);
const signature = sign('sha256', message, ec.privateKey);
const tokenSignature = sign('sha256', message, rsa.privateKey);
const costs: CryptoCosts = {
  signMs: timeOf(() => sign('sha256', message, ec.privateKey)),
  verifyMs: timeOf(() => verify('sha256', message, ec.publicKey, signature)),
  tokenMs: timeOf(() => verify('sha256', message, rsa.publicKey, tokenSignature)),
};
process.stdout.write(JSON.stringify(costs));
