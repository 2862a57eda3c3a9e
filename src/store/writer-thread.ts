// Entry point of the writer thread: the compile cache first, so that the modules behind it load from it.
import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';

const cache: unknown = workerData?.compileCache;
if (typeof cache === 'string') enableCompileCache(cache);
const { serve } = await import('./writer-loop.ts');
serve();
