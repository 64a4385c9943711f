import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunner, valueOf, type Opened } from '../functions/support.ts';
import { until, untilListed } from './until.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('official/retrier', { showErrors: true });
	await app.runner.startScheduler();
}, 120_000);
afterAll(() => app?.close());

interface Status {
	type: string;
	result?: { type: string; returnValue?: unknown; error?: string };
}
const run = async (which: string, label: string, failures: number, more = {}) =>
	valueOf(await app.mutate('retry:run', { which, label, failures, ...more })) as string;
const completed = (which: string, id: string) =>
	until(
		async () => (await app.value('retry:status', { which, id })) as unknown as Status,
		({ type }) => type === 'completed',
	);

describe('@convex-dev/action-retrier, mounted twice', () => {
	it('E3-2 tries again until it works, or as often as its instance says', async () => {
		const id = await run('first', 'a', 2);
		expect((await completed('first', id)).result).toEqual({ type: 'success', returnValue: 3 });
		const other = await run('second', 'b', 2);
		const { result } = await completed('second', other);
		expect(result).toMatchObject({ type: 'failed', error: expect.stringContaining('attempt 2') });
		await untilListed(app, 'retry:results', [`${id} success`, `${other} failed`]);
		valueOf(await app.mutate('retry:cleanup', { which: 'first', id }));
		await expect(app.value('retry:status', { which: 'first', id })).rejects.toThrow();
	});

	it('E3-2 is canceled before it begins', async () => {
		const id = await run('first', 'late', 0, { runAfter: 3_600_000 });
		expect(await app.value('retry:status', { which: 'first', id })).toEqual({ type: 'inProgress' });
		valueOf(await app.mutate('retry:cancel', { which: 'first', id }));
		expect((await completed('first', id)).result).toMatchObject({ type: 'canceled' });
	});
});
