import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	admin,
	failureOf,
	ManualClock,
	openRunner,
	settle,
	valueOf,
	type Opened,
} from './support.ts';

const clock = new ManualClock();
let app: Opened;
beforeAll(async () => {
	app = await openRunner('runtime', { clock, env: { GIVEN: 'yes' } });
});
afterAll(() => app.close());

describe('time and randomness', () => {
	it('stands still in a query, and Date stays Date', async () => {
		const { now } = clock;
		let ms = now();
		clock.now = () => ms++;
		const times = app.value('globals:times').finally(() => (clock.now = now));
		const { first } = (await times) as { first: number };
		expect(await times).toEqual({
			first,
			second: first,
			made: first,
			text: 'string',
			isInstance: true,
			parsed: Date.UTC(2020, 0, 1),
			year: 2020,
			isSubclass: 5,
		});
	});

	it('is the deployment’s clock in actions, and the machine’s outside', async () => {
		expect(valueOf(await app.act('globals:actionTimes'))).toEqual([clock.now(), clock.now()]);
		expect(Date.now()).toBeGreaterThan(clock.now());
	});

	it('draws numbers between 0 and 1 that differ', async () => {
		const drawn = (await app.value('globals:random')) as Record<string, number>;
		expect(drawn.min).toBeGreaterThanOrEqual(0);
		expect(drawn.max).toBeLessThan(1);
		expect(drawn.distinct).toBe(100);
	});
});

describe('what queries and mutations may not do', () => {
	it.each([
		['fetch', 'ForbiddenFetch'],
		['globalFetch', 'ForbiddenFetch'],
		['setTimeout', 'ForbiddenTimer'],
		['setInterval', 'ForbiddenTimer'],
	])('refuses %s by name', async (what, code) => {
		expect(failureOf((await app.query('globals:forbidden', { what })).outcome).code).toBe(code);
		const logged = app.events.findLast(({ event }) => event === 'function.failed');
		expect(logged!.error).toContain('in queries and mutations. Please consider using an action.');
	});

	it('refuses operations it does not support by name', async () => {
		expect(failureOf(await app.act('globals:unsupported')).code).toBe('Unsupported');
	});

	it('stops a mutation that waits for ever; the next one runs', async () => {
		const stuck = app.mutate('globals:never');
		await clock.advance(11_000);
		expect(failureOf(await stuck).code).toBe('FunctionTimeout');
		valueOf(await app.mutate('globals:late'));
	});

	it('refuses writes of a function that has ended', async () => {
		valueOf(await app.mutate('globals:late'));
		await settle();
		expect(await app.value('globals:countLate')).toBe(0);
		expect(app.events.some(({ event }) => event === 'function.strayError')).toBe(true);
	});
});

describe('console', () => {
	it('gives clients the lines and the log structured events', async () => {
		const { logLines } = await app.mutate('globals:printing');
		expect(logLines.slice(0, 3)).toEqual([
			"[LOG] 'hello' { a: 1 }",
			"[WARN] 'careful'",
			"[INFO] 'from below'",
		]);
		expect(logLines[3]).toMatch(/^\[ERROR\] Error: bad/);
		expect(app.events).toContainEqual(
			expect.objectContaining({ event: 'function.console', level: 'warn', text: 'careful' }),
		);
	});
});

describe('environment', () => {
	it('shows the deployment’s variables and nothing of the host', async () => {
		expect(await app.value('globals:environment')).toEqual({
			given: 'yes',
			site: 'http://app.example.test',
			path: null,
			home: null,
			names: ['CONVEX_CLOUD_URL', 'CONVEX_SITE_URL', 'GIVEN'],
			hasBuffer: false,
			hasSocket: false,
			isNode: false,
		});
	});

	it('gives "use node" files Node, without the host’s environment', async () => {
		expect(valueOf(await app.act('node:digest', {}, admin))).toEqual({
			digest: '2d711642',
			given: 'yes',
			path: null,
			platform: 'string',
		});
	});

	it('tells a function about itself', async () => {
		expect(valueOf(await app.mutate('globals:metadata'))).toMatchObject({
			fn: { name: 'globals:metadata', componentPath: '', type: 'mutation', visibility: 'public' },
			request: { ip: null, scheduledFunctionId: null },
			snapshot: 'bigint',
			metrics: { documentsRead: { used: 0 }, functionsScheduled: { used: 0, remaining: 1000 } },
			deployment: { class: 's16' },
		});
	});
});
