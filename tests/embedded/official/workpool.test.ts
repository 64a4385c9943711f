import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunner, valueOf, type Opened } from '../functions/support.ts';
import { until, untilListed } from './until.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('official/workpool', { showErrors: true });
	await app.runner.startScheduler();
}, 120_000);
afterAll(() => app?.close());

const enqueue = async (pool: string, label: string, more = {}) =>
	valueOf(await app.mutate('pool:enqueue', { pool, label, ...more })) as string;
const finished = (pool: string, id: string) =>
	until(
		async () => (await app.value('pool:status', { pool, id })) as { state: string },
		({ state }) => state === 'finished',
	);

describe('@convex-dev/workpool, mounted twice', () => {
	it('E3-2 retries actions, and tells of success and failure', async () => {
		const id = await enqueue('narrow', 'twice', { failures: 2 });
		await enqueue('narrow', 'thrice', { failures: 3 });
		await enqueue('narrow', 'never', { isFinal: true });
		await enqueue('wide', 'once', { failures: 1 });
		await untilListed(app, 'pool:outcomes', ['twice: success "twice after 2"']);
		await finished('narrow', id);
		const listed = await until(
			async () => (await app.value('pool:outcomes')) as string[],
			(lines) => ['thrice', 'never', 'once'].every((label) => lines.join().includes(`${label}: `)),
		);
		const kinds = listed.map((line) => line.split(' ').slice(0, 2).join(' ')).sort();
		expect(kinds).toEqual(['never: failed', 'once: failed', 'thrice: failed', 'twice: success']);
		const begun = ((await app.value('pool:marks')) as string[]).filter((l) => l.endsWith('begin'));
		const times = (label: string) => begun.filter((line) => line === `${label} begin`).length;
		expect([times('twice'), times('thrice'), times('never'), times('once')]).toEqual([3, 3, 1, 1]);
	});

	it('E3-2 runs as many at once as it may: one of the narrow pool', async () => {
		const before = ((await app.value('pool:marks')) as string[]).length;
		const labels = ['a', 'b', 'c', 'd'].map((letter) => `n${letter}`);
		const ids = await Promise.all(labels.map((label) => enqueue('narrow', label)));
		for (const id of ids) await finished('narrow', id);
		const marks = ((await app.value('pool:marks')) as string[]).slice(before);
		// Nothing begins before what began earlier has ended.
		expect(marks.map((line) => line.split(' ')[1])).toEqual(labels.flatMap(() => ['begin', 'end']));
		expect(marks.map((line) => line.split(' ')[0]).sort()).toEqual(
			labels.flatMap((label) => [label, label]),
		);
	});

	it('E3-2 runs mutations and queries, with a callback for some outcomes only', async () => {
		valueOf(await app.mutate('pool:enqueueOthers', { label: 'others' }));
		await untilListed(app, 'pool:outcomes', [
			'others: success 6',
			'others?: success 0',
			'others!: success "defined"',
		]);
		const marks = await untilListed(app, 'pool:marks', ['others-silent written']);
		expect(marks).toContain('others! written');
		expect((await app.value('pool:outcomes')) as string[]).not.toContainEqual(
			expect.stringContaining('silent'),
		);
	});

	it('E3-2 takes batches from actions', async () => {
		const labels = ['x1', 'x2', 'x3'];
		const ids = valueOf(await app.act('pool:enqueueBatches', { labels })) as string[];
		expect(ids).toHaveLength(3);
		const all = (states: { state: string }[]) => states.every(({ state }) => state === 'finished');
		await until(
			async () => (await app.value('pool:statuses', { pool: 'wide', ids })) as { state: string }[],
			all,
		);
		const count = (lines: string[], start: string) =>
			lines.filter((line) => line.startsWith(start)).length;
		await until(
			async () => (await app.value('pool:outcomes')) as string[],
			(lines) =>
				count(lines, 'batch: success') === 3 &&
				count(lines, 'mutation batch: success') === 3 &&
				count(lines, 'query batch: success') === 3,
		);
	});

	it('E3-2 cancels what waits, one or all, and knows nothing of the other pool’s ids', async () => {
		const late = await enqueue('wide', 'late', { runAfter: 3_600_000 });
		const status = (pool: string, id: string) => app.value('pool:status', { pool, id });
		expect(await status('wide', late)).toMatchObject({ state: 'pending' });
		valueOf(await app.mutate('pool:cancel', { pool: 'wide', id: late }));
		await untilListed(app, 'pool:outcomes', ['late: canceled true']);
		await finished('wide', late);

		const more = [
			await enqueue('narrow', 'later', { runAfter: 3_600_000 }),
			await enqueue('narrow', 'latest', { runAfter: 3_600_000 }),
		];
		await expect(status('wide', more[0]!)).rejects.toThrow(/ArgumentValidationError/);
		valueOf(await app.mutate('pool:cancelAll', { pool: 'narrow' }));
		await untilListed(app, 'pool:outcomes', ['later: canceled true', 'latest: canceled true']);
		expect(await app.value('pool:marks')).not.toContain('late begin');
	});
});
