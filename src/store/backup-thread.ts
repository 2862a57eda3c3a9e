// Entry point of the backup thread: copies the database from one consistent moment, checks the copy, marks it.
import { parentPort, workerData } from 'node:worker_threads';
import { copyDatabase } from './backup.ts';
import { failureCode, failureDetail } from './failure.ts';

try {
  copyDatabase(workerData);
  parentPort?.postMessage({ done: true });
} catch (error) {
  parentPort?.postMessage({ done: false, code: failureCode(error), detail: failureDetail(error) });
}
