/** The first file of the engine's thread. Only what is imported after the compile cache is on takes part in it. */
import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';
import type { EngineStart } from './messages.ts';

const { compileCache } = workerData as EngineStart;
if (compileCache !== undefined) enableCompileCache(compileCache);
await import('./engineProgram.ts');
