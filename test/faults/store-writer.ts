// A process that commits under load until it is killed; each line of its journal is a promise that the store gave.
import { openSync, writeSync } from 'node:fs';
import { toHex, toUtf8 } from '../../src/ground/bytes.ts';
import type { LeafReceipt } from '../../src/ground/change.ts';
import { openStore } from '../../src/store/open.ts';
import { CONTRACT_TABLES, event, thing } from '../contract/store.ts';

/** What a line holds: everything that must still be true after the kill. */
export interface Promised {
  readonly id: string;
  readonly leaves: readonly {
    readonly log: LeafReceipt['log'];
    readonly index: number;
    readonly size: number;
    readonly leafHash: string;
    readonly root: string;
    readonly proof: readonly string[];
  }[];
  readonly eventIndexes: readonly number[];
}

const [directory, run, clients, journalFile = '/dev/null'] = process.argv.slice(2);
if (directory === undefined || run === undefined)
  throw new TypeError('usage: store-writer DIRECTORY RUN CLIENTS [JOURNAL]');
// A file, since a pipe may be full: what is written here outlives the process that is killed.
const journal = openSync(journalFile, 'a');
const clock = { now: () => new Date() };
const store = await openStore({ directory, clock, tables: CONTRACT_TABLES });
writeSync(1, 'ready\n');
await Promise.all(Array.from({ length: Number(clients ?? 16) }, (_, client) => work(client)));

async function work(client: number): Promise<never> {
  for (let turn = 0; ; turn++) {
    const id = `${run}-${client}-${turn}`;
    const signature = toUtf8(`signature ${id}`);
    const receipt = await store.commit({
      puts: [thing(id, { log_index: { leafIndexOf: 0 } })],
      leaves: [
        { log: 'signature', hashed: signature, stored: signature },
        {
          log: 'certificate',
          hashed: toUtf8(`.....h ${id}`),
          stored: toUtf8(`.....s ${id}`),
          indexAt: { hashed: 0, stored: 0 },
        },
      ],
      events: [event(id)],
    });
    const leaves = receipt.leaves.map((leaf) => ({
      log: leaf.log,
      index: leaf.index,
      size: leaf.treeSize,
      leafHash: toHex(leaf.leafHash),
      root: toHex(leaf.rootHash),
      proof: leaf.proof.map(toHex),
    }));
    const promised: Promised = { id, leaves, eventIndexes: receipt.eventIndexes };
    writeSync(journal, `${JSON.stringify(promised)}\n`);
  }
}
