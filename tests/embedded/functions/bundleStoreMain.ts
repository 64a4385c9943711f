/** Starts once on the folders below the one given, says what it found as JSON, and stops. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { openRunner } from './support.ts';

const require = createRequire(import.meta.url);
const base = process.argv[2]!;
const dataDir = path.join(base, 'data');
const app = await openRunner('', { folder: path.join(base, 'convex'), dataDir });
console.log(
	JSON.stringify({
		said: await app.value('a:say'),
		folders: readdirSync(path.join(dataDir, 'functions')),
		usesEsbuild: require.resolve('esbuild') in require.cache,
	}),
);
await app.shutDown();
process.exit();
