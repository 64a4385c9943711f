/** Writes notes/INTEGRATION_ROADMAP.md from the registry: `node roadmap.ts [--check]`. */
import { integrationRegistry, integrationTesters } from '../lib/server/integrations/index.ts';
import { manifestOf } from '../lib/server/integrations/sdk/index.ts';
import { writeOrCheck } from './generatedFile.ts';

const manifests = integrationRegistry.list().map(manifestOf);

const rows = manifests.map((one) => {
	const cells = [
		one.name,
		one.category,
		integrationTesters[one.id] ? '✅' : '❌',
		one.auth.map((option) => option.kind).join(', '),
		one.dataStrategy,
		one.shouldBackfill ? `${one.historicalDays} days` : 'no',
		`every ${one.syncEveryMinutes} min`,
		String(one.metrics.length),
	];
	return `| ${cells.join(' | ')} |`;
});

const metricLines = manifests.flatMap((one) => [
	`## ${one.name}`,
	'',
	one.description,
	'',
	...one.metrics.map((metric) => `- **${metric.name}** (${metric.kind}): ${metric.description}`),
	'',
	'Worth knowing:',
	'',
	...one.quirks.map((quirk) => `- ${quirk}`),
	'',
]);

const text = `# Integrations

Written by \`npm run integrations\` from the registry; a check fails on drift. ${manifests.length} in total.

| Integration | Category | Works | Sign-in | Strategy | History | Sync | Metrics |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

${metricLines.join('\n')}`;

await writeOrCheck('notes/INTEGRATION_ROADMAP.md', text, process.argv.slice(2));
