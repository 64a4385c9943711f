/** Production entry. */
import { enableCompileCache, flushCompileCache } from 'node:module';
import path from 'node:path';

/** By then a first visitor has been served, so what that took is kept, too; a kill before it costs a slower start. */
const FLUSH_AFTER_MS = 10_000;

const root = path.resolve(import.meta.dirname, '..');

// Reading and compiling the sources is most of a start's work, so its results are kept beside the installation they
// belong to. Where that cannot be written, nothing is kept. Only what is imported afterwards takes part.
enableCompileCache(path.join(root, 'node_modules/.cache/compiled'));
setTimeout(flushCompileCache, FLUSH_AFTER_MS).unref();

const { serve } = await import('./lib/server/host/serve.ts');
await serve(root);
