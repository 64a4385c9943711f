/** Writes the list of static imports that registers every integration: `node generateServices.ts [--check]`. */
import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { BaseIntegration } from '../lib/server/integrations/sdk/index.ts';
import { writeOrCheck } from './generatedFile.ts';
import { root } from './root.ts';

const room = 'src/lib/server/integrations';
const file = `${room}/services.generated.ts`;

interface Service {
	folder: string;
	className: string;
	integration: BaseIntegration;
}

/** Every folder with a door, sorted; the one class it exports must extend BaseIntegration and carry the folder's name. */
async function findServices(): Promise<Service[]> {
	const entries = await readdir(path.join(root, room), { withFileTypes: true });
	const folders = entries
		.filter((entry) => entry.isDirectory() && entry.name !== 'sdk')
		.map((entry) => entry.name)
		.filter((folder) => existsSync(path.join(root, room, folder, 'index.ts')))
		.sort();
	return await Promise.all(folders.map(readService));
}

async function readService(folder: string): Promise<Service> {
	const door = pathToFileURL(path.join(root, room, folder, 'index.ts')).href;
	const exported = Object.entries((await import(door)) as Record<string, unknown>);
	const classes = exported.filter(
		([, value]) => typeof value === 'function' && value.prototype instanceof BaseIntegration,
	);
	const [only] = classes;
	if (!only || classes.length > 1)
		throw new Error(
			`${room}/${folder}/index.ts must export exactly one class that extends BaseIntegration.`,
		);
	const integration = new (only[1] as new () => BaseIntegration)();
	if (integration.id !== folder)
		throw new Error(
			`${only[0]} has the id "${integration.id}"; it must be the folder, "${folder}".`,
		);
	return { folder, className: only[0], integration };
}

function render(services: Service[]): string {
	const imports = services.map(({ folder, className, integration }) => {
		const { category, dataStrategy, shouldBackfill, historicalDays } = integration;
		const history = shouldBackfill ? `${historicalDays} days of history` : 'no history';
		return `// ${category}, ${dataStrategy}, ${history}\nimport { ${className} } from './${folder}/index.ts';`;
	});
	const names = services.map(({ className }) => className);
	return `// Written by src/tools/generateServices.ts (npm run integrations); a check fails on drift.
import type { BaseIntegration } from './sdk/index.ts';
${imports.join('\n')}

/** Every integration there is: what is not in this list does not exist. */
export const services: readonly (new () => BaseIntegration)[] = [${names.join(', ')}];
`;
}

await writeOrCheck(file, render(await findServices()), process.argv.slice(2));
