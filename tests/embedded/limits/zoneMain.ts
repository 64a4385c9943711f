/** Child process: says in which zone functions run, when the host's is another. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbedded } from '../../../src/lib/server/embedded/index.ts';

const hostOffset = new Date(Date.UTC(2026, 0, 5)).getTimezoneOffset();
const dataDir = mkdtempSync(path.join(tmpdir(), 'embedded-zone-'));
const origin = 'http://127.0.0.1:1';
const deployment = await startEmbedded({
	functionsDir: path.resolve(import.meta.dirname, '../fixtures/limits/convex'),
	dataDir,
	origin,
	env: {},
	httpActionPrefixes: [],
	log: () => {},
});
const ask = async (kind: string, name: string) => {
	const body = JSON.stringify({ path: `determinism:${name}`, args: {} });
	const request = new Request(`${origin}/api/${kind}`, { method: 'POST', body });
	return ((await (await deployment.fetch(request)).json()) as { value: unknown }).value;
};
const zones = [await ask('query', 'zoneOfQuery'), await ask('action', 'zoneOfAction')];
await deployment.close();
rmSync(dataDir, { recursive: true, force: true });
process.send?.({ hostOffset, zones });
