// The harness behind ./limbo: reads the suite from standard input and writes its result format.
import { readFileSync } from 'node:fs';
import { judge, type LimboCase } from './limbo-cases.ts';

const suite = JSON.parse(readFileSync(0, 'utf8')) as { readonly testcases: readonly LimboCase[] };
const now = new Date();
const results = suite.testcases.map((testcase) => judge(testcase, now));
process.stdout.write(`${JSON.stringify({ version: 1, harness: 'sealyard', results })}\n`);
