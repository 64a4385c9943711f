import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { BaseIntegration, manifestOf } from '../../src/lib/server/integrations/sdk/index.ts';
import { root } from '../../src/tools/root.ts';
import { readText, repositoryFiles } from './support.ts';

const pages = repositoryFiles().filter((file) => file.endsWith('.md'));
const scratch = mkdtempSync(path.join(tmpdir(), 'tributary-notes-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the notes', () => {
	it('link only to what is there', () => {
		const broken = pages.flatMap((page) =>
			[...readText(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
				.map((match) => match[1]!)
				.filter((target) => !/^[a-z]+:/.test(target))
				.filter((target) => !existsSync(path.join(root, path.dirname(page), target)))
				.map((target) => `${page}: ${target}`),
		);
		expect(broken).toEqual([]);
	});

	it('name only npm scripts that exist', () => {
		const { scripts } = JSON.parse(readText('package.json')) as { scripts: object };
		const unknown = pages.flatMap((page) =>
			[...readText(page).matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]
				.map((match) => match[1] ?? match[2]!)
				.filter((script) => !Object.hasOwn(scripts, script))
				.map((script) => `${page}: npm run ${script}`),
		);
		expect(unknown).toEqual([]);
	});

	it('name only files of ours that exist', () => {
		// A path in backquotes from the top of the repository. Not ours: the weather of the example, and Convex's package.
		const missing = pages.flatMap((page) =>
			[...readText(page).matchAll(/`((?:src|convex|tests|notes|static)\/[\w./-]+?)\/?`/g)]
				.map((match) => match[1]!)
				.filter((file) => !/weather|^convex\/server$/.test(file))
				.filter((file) => !existsSync(path.join(root, file)))
				.map((file) => `${page}: ${file}`),
		);
		expect(missing).toEqual([]);
	});

	it('show an integration that works as it is written there', async () => {
		const page = readText('notes/adding-an-integration.md');
		const [source] = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!);
		const sdk = path.join(root, 'src/lib/server/integrations/sdk/index.ts');
		mkdirSync(path.join(scratch, 'weather'));
		const file = path.join(scratch, 'weather/index.ts');
		writeFileSync(file, source!.replace('../sdk/index.ts', pathToFileURL(sdk).href));
		const { Weather } = (await import(/* @vite-ignore */ file)) as {
			Weather: new () => BaseIntegration;
		};
		const manifest = manifestOf(new Weather());
		expect(manifest).toMatchObject({ id: 'weather', shouldBackfill: true, historicalDays: 90 });
		expect(manifest.auth[0]!.properties.map(({ name }) => name)).toEqual(['key']);
		expect(manifest.settings.map(({ name }) => name)).toEqual(['baseUrl']);
		expect(new Weather().metricsFor({}).map(({ seriesKey }) => seriesKey)).toEqual(['high']);
	});
});
