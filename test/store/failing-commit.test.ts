// The commit itself fails: lost, or reported as failed and there all the same. The writer's memory follows the disk.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { StatementSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Change } from '../../src/ground/change.ts';
import { Batches } from '../../src/store/batch.ts';
import { openReading, openWriting, Statements } from '../../src/store/database.ts';
import { migrate, migrationsFor } from '../../src/store/migrations.ts';
import { planChange } from '../../src/store/plan.ts';
import { Schema } from '../../src/store/schema.ts';
import { DurableTiles } from '../../src/store/tiles.ts';
import { CONTRACT_TABLES, event, leafOf, THINGS, thing } from '../contract/store.ts';
import { checkLog } from '../oracle/log.ts';
import { temporaryDirectory } from './directory.ts';

type Fault = 'none' | 'lost' | 'persisted';

/** A connection whose COMMIT answers an error when told so: SQLite's own, from a write on a read-only connection. */
class FaultyStatements extends Statements {
  fault: Fault = 'none';
  failing: StatementSync | undefined;

  override of(sql: string): StatementSync {
    if (sql !== 'COMMIT' || this.fault === 'none' || this.failing === undefined) return super.of(sql);
    this.db.exec(this.fault === 'lost' ? 'ROLLBACK' : 'COMMIT');
    return this.failing;
  }
}

test('whatever a failing commit did, the next one goes on from what is on disk', () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'yard.db');
  const schema = new Schema(CONTRACT_TABLES);
  const statements = new FaultyStatements(openWriting(file));
  migrate(statements.db, migrationsFor(CONTRACT_TABLES));
  const reading = new Statements(openReading(file));
  statements.failing = reading.db.prepare("DELETE FROM store_state WHERE name = 'none'");
  const batches = new Batches(statements);
  const tiles = new DurableTiles(reading);
  const seen: { size: number; rootHash: Uint8Array }[] = [];
  let durable = 0;
  const faults: Fault[] = [
    'none',
    'lost',
    'none',
    'persisted',
    'none',
    'lost',
    'lost',
    'persisted',
    'persisted',
    'none',
  ];
  for (const [round, fault] of faults.entries()) {
    statements.fault = fault;
    const changes = Array.from({ length: 100 }, (_, i): Change => {
      const id = `${round}-${i}`;
      return {
        puts: [thing(id, { log_index: { leafIndexOf: 0 } })],
        leaves: [leafOf(id)],
        events: [event(id)],
      };
    });
    const { outcomes } = batches.run(changes.map((change) => planChange(schema, change)));
    assert.equal(outcomes.length, 100);
    for (const outcome of outcomes) {
      if (fault === 'none') assert.ok(outcome.done);
      else assert.ok(!outcome.done && outcome.code === 'SY-STORE-UNAVAILABLE');
    }
    if (fault !== 'lost') durable += 100;
    const head = checkLog({ tiles, log: 'signature', atLeast: durable, seen });
    assert.equal(head.size, durable);
    assert.equal(checkLog({ tiles, log: 'audit' }).size, durable);
    assert.equal(reading.of(`SELECT count(*) AS n FROM ${THINGS.name}`).get()?.['n'], durable);
    seen.push(head);
  }
  reading.db.close();
  statements.db.close();
});
