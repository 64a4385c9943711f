/** Child: the embedded deployment over a store that is there, from its start to its first answer. */
import { startEmbedded } from '../../../src/lib/server/embedded/index.ts';
import path from 'node:path';

const [dataDir, group] = process.argv.slice(2);
const deployment = await startEmbedded({
	functionsDir: path.join(import.meta.dirname, '../embedded/convex'),
	dataDir: dataDir!,
	origin: 'http://app.example.test',
	env: {},
	httpActionPrefixes: [],
	log: () => {},
});
const [answer] = await deployment.runner.runQueries([
	{
		component: '',
		path: 'notes:take',
		args: { group: group!, limit: 50 },
		caller: { identity: null, isAdmin: false },
	},
]);
const { outcome } = answer!;
if (!outcome.ok) throw new Error(outcome.failure.message);
process.stdout.write(
	JSON.stringify({ rows: (outcome.value as unknown[]).length, rss: process.memoryUsage.rss() }),
);
await deployment.close();
process.exit();
