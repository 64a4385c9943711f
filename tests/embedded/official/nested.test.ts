import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, openRunner, valueOf, type Opened } from '../functions/support.ts';
import { until } from './until.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('official/nested', { showErrors: true });
	await app.runner.startScheduler();
}, 120_000);
afterAll(() => app?.close());

interface Overview {
	orders: string[];
	mails: string[];
	turnover: number;
	count: number;
}
const overview = async (shop: string) =>
	(await app.value('town:overview', { shop })) as unknown as Overview;
const order = (shop: string, item: string, price: number) =>
	app.mutate('town:order', { shop, item, price });

describe('official components inside of a component, which is mounted twice', () => {
	it('E3-2 workpool, workflow, aggregate, action-retrier and rate-limiter work together', async () => {
		valueOf(await order('north', 'lamp', 30));
		valueOf(await order('north', 'rope', 5));
		const north = await until(
			() => overview('north'),
			({ mails }) => mails.length === 4,
		);
		expect(north).toEqual({
			orders: ['lamp sent', 'rope sent'],
			mails: ['lamp again', 'lamp is on its way', 'rope again', 'rope is on its way'],
			turnover: 35,
			count: 2,
		});
		expect(await overview('south')).toEqual({ orders: [], mails: [], turnover: 0, count: 0 });
	});

	it('E3-2 each instance has its own limits; what a limit refuses leaves nothing behind', async () => {
		valueOf(await order('north', 'knife', 1));
		const refused = failureOf(await order('north', 'axe', 1));
		expect(JSON.stringify(refused.data ?? refused.message)).toContain('RateLimited');
		expect(await overview('north')).toMatchObject({ turnover: 36, count: 3 });
		valueOf(await order('south', 'axe', 2));
		await until(
			() => overview('south'),
			({ mails }) => mails.length === 2,
		);
	});

	it('E3-2 takes all the instances there are: 2 shops, 6 components in each, 6 in those', () => {
		const components = app.runner.kindOf('north/workflow/workpool/batchWorker', 'lib:ping', true);
		expect(components).toBe('mutation');
		expect(app.runner.kindOf('north/packing/batchWorker', 'lib:ping')).toBeNull();
	});
});
