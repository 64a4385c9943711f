/** Reloading: what user code does while it is loaded, and what thousands of reloads leave behind. */
import { anyApi, type ApiFromModules, type FunctionReference } from 'convex/server';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { httpClient, served, whenDone } from '../clients/clientHarness.ts';
import type * as itemsModule from '../fixtures/runaway/convex/items.ts';
import { fixture } from '../functions/support.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
const { items } = anyApi as unknown as ApiFromModules<{ items: typeof itemsModule }>;
const getVersion = anyApi.version!.get! as unknown as FunctionReference<'query'>;

/** A copy of the fixture that may be edited; where imports of packages resolve. */
function editable(): { folder: string; write(file: string, text: string): void } {
	const folder = mkdtempSync(path.join(REPOSITORY, 'node_modules', '.embedded-fixture-'));
	whenDone(() => rmSync(folder, { recursive: true, force: true }));
	cpSync(fixture('runaway'), folder, { recursive: true });
	return { folder, write: (file, text) => writeFileSync(path.join(folder, file), text) };
}

const versionModule = (number: number) => `
	import { queryGeneric as query } from 'convex/server';
	const ballast = Array.from({ length: 20_000 }, (_, index) => 'ballast ' + index);
	export const get = query({ args: {}, handler: async () => ${number} + 0 * ballast.length });
`;

describe('E3-3 reloads', () => {
	test('a module that loops while it is loaded: the push fails, what served serves on', async () => {
		const { folder, write } = editable();
		write('version.ts', versionModule(1));
		const { origin, deployment } = await served({
			functionsDir: folder,
			isolation: { limits: { transactionMs: 200, actionMs: 400 } },
		});
		const client = httpClient(origin);
		await client.mutation(items.add, { name: 'one' });
		write('version.ts', 'for (let turn = 0; ; turn++) if (turn < 0) break;\n' + versionModule(2));
		await expect(deployment.push()).rejects.toMatchObject({ code: 'ImportFailed' });
		expect(await client.query(getVersion, {})).toBe(1);
		expect(await client.query(items.list, {})).toEqual(['one']);
		write('version.ts', versionModule(3));
		await deployment.push();
		expect(await client.query(getVersion, {})).toBe(3);
	});

	// A thousand by hand: TRIBUTARY_RELOADS=1000.
	const reloads = Number(process.env.TRIBUTARY_RELOADS ?? 60);
	test(
		`${reloads} reloads leave nothing behind that grows`,
		async () => {
			const { folder, write } = editable();
			write('version.ts', versionModule(0));
			const { origin, deployment, logged } = await served({ functionsDir: folder });
			const client = httpClient(origin);
			const memory: number[] = [];
			for (let number = 1; number <= reloads; number++) {
				write('version.ts', versionModule(number));
				await deployment.push();
				expect(await client.query(getVersion, {})).toBe(number);
				memory.push(process.memoryUsage.rss() / 2 ** 20);
			}
			// Medians of the second and of the last fifth: a leak of one version is 1.5 MiB a reload.
			const fifth = Math.floor(reloads / 5);
			const early = median(memory.slice(fifth, 2 * fifth));
			const late = median(memory.slice(-fifth));
			console.log(
				JSON.stringify({ reloads, earlyMiB: Math.round(early), lateMiB: Math.round(late) }),
			);
			expect(late - early).toBeLessThan(reloads * 0.25 + 40);
			expect(logged.filter((line) => line.startsWith('engine.lost'))).toEqual([]);
		},
		reloads * 5_000 + 30_000,
	);
});

function median(values: number[]): number {
	return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
