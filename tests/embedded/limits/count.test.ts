import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqlite } from '../../../src/lib/server/embedded/storage/sqlite.ts';
import { follow, httpClient, socketClient } from '../clients/clientHarness.ts';
import { openRunner, valueOf, type Opened } from '../functions/support.ts';
import { api, serveLimits } from './served.ts';

describe('count()', () => {
	let app: Opened;
	beforeAll(async () => {
		app = await openRunner('limits');
	});
	afterAll(() => app.close());
	const countOf = () => app.value('meta:countRows') as Promise<number>;

	it('E3-1 sees the mutation’s own writes, not those rolled back', async () => {
		valueOf(await app.mutate('budget:fill', { group: 'a', from: 0, to: 10 }));
		expect(await countOf()).toBe(10);
		const counted = valueOf(await app.mutate('meta:countWhileWriting', { fail: false }));
		expect(counted).toEqual([1, 1, 1]);
		expect(await countOf()).toBe(11);
		expect((await app.mutate('meta:countWhileWriting', { fail: true })).ok).toBe(false);
		expect(await countOf()).toBe(11);
		expect(app.storage.checkIntegrity().problems).toEqual([]);
	});

	it('E3-1 reads no documents, and as much of a large table as of a small one', async () => {
		const session = app.storage.snapshot();
		session.count('', 'rows');
		expect(session.meter.usage).toMatchObject({ documentsRead: 0, databaseQueries: 1 });
		session.dispose();
	});

	it('E3-1 begins with a count in a file that has none, and the integrity check knows a wrong one', async () => {
		const { dataDir } = app;
		const change = async (sql: string) => {
			await app.shutDown();
			const database = openSqlite(path.join(dataDir, 'convex.sqlite'));
			database.exec(sql);
			database.close();
			app = await openRunner('limits', { dataDir });
		};
		await change(`DELETE FROM meta WHERE key LIKE 'count:%'`);
		expect(await countOf()).toBe(11);
		const id = valueOf(await app.mutate('meta:add', { label: 'b' }));
		expect(await countOf()).toBe(12);
		valueOf(await app.mutate('meta:remove', { id }));
		expect(await countOf()).toBe(11);
		expect(app.storage.checkIntegrity().problems).toEqual([]);
		await change(`UPDATE meta SET value = '5' WHERE key LIKE 'count:%' AND value = '11'`);
		expect(await countOf()).toBe(5);
		expect(app.storage.checkIntegrity().problems).toEqual([
			'table rows is counted as 5 documents and has 11',
		]);
	});
});

it('E3-1 a subscription to a count hears of every document that comes or goes', async () => {
	const { origin } = await serveLimits();
	const counts = follow(socketClient(origin), api.meta!.countRows as never, {} as never);
	const writer = httpClient(origin);
	await counts.reaches(0 as never);
	const id = await writer.mutation(api.meta!.add!, { label: 'a' });
	await counts.reaches(1 as never);
	await writer.mutation(api.meta!.remove!, { id });
	await counts.reaches(0 as never);
}, 30_000);
