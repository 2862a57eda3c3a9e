// Verifying one bundle of a yard: cold (trust material and bundle from JSON, a new process) and warm (trust prepared).
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AdminClient } from '../test/driver/admin.ts';
import { makeBundle } from '../test/driver/bundle.ts';
import { SUBJECT } from '../test/interop/stage.ts';
import { cryptoCosts } from './floor.ts';
import { median } from './loop.ts';
import { type BenchOptions, type Row, rounded } from './row.ts';
import type { VerifyResult } from './verify-program.ts';
import { openBenchYard } from './yard.ts';

const PROGRAM = fileURLToPath(new URL('./verify-program.ts', import.meta.url));
const HEX = `${'c0ffee'.repeat(10)}c0ff`;
const PROCESSES = 5;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  await using bench = await openBenchYard(o);
  const [client] = bench.clients(1);
  if (client === undefined) throw new TypeError('one client was asked for');
  const admin = await AdminClient.of(bench.yard);
  const token = await admin.jobToken(SUBJECT);
  admin.close();
  const bundle = await makeBundle({ client, token, imageDigest: `sha256:${HEX}` });
  const files = [bench.folder.file('bundle.json'), bench.folder.file('trusted_root.json')] as const;
  writeFileSync(files[0], JSON.stringify(bundle));
  writeFileSync(files[1], (await client.get('/trusted_root.json')).body);
  const [program = '', ...args] = [...o.serverWrapper, process.execPath, PROGRAM, ...files, HEX];
  const run = (seconds: number) =>
    JSON.parse(execFileSync(program, [...args, `${seconds}`], { encoding: 'utf8' })) as VerifyResult;
  const warm = run(o.seconds);
  const cold = Array.from({ length: PROCESSES }, () => run(0).coldMs);
  const floor = rounded(warm.verifications * cryptoCosts(o).verifyMs);
  return [
    { name: 'verify', variant: 'cold', value: rounded(median(cold)), unit: 'ms', floor },
    { name: 'verify', variant: 'warm', value: rounded(warm.warmMs), unit: 'ms', floor },
  ];
}
