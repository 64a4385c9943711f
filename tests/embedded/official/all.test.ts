import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	admin,
	anonymous,
	openRunner,
	SITE_URL,
	valueOf,
	type Opened,
} from '../functions/support.ts';
import { until, untilListed } from './until.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('official/all', {
		showErrors: true,
		env: { BETTER_AUTH_SECRET: 'c2VjcmV0IG9mIHRoZSB0ZXN0cywgbG9uZw' },
	});
	await app.runner.startScheduler();
}, 120_000);
afterAll(() => app?.close());

const ask = async (name: string, args = {}) => valueOf(await app.mutate(name, args));

describe('all official components in one app, each mounted twice', () => {
	it('E3-2 work side by side', async () => {
		const ages = { ages: [10, 20, 30, 40] };
		await ask('backfill:addPeople', ages);
		const game = { game: 'chess', player: 'p', score: 5 };
		const [flow, second] = [
			(await ask('flow:start', { manager: 'first', name: 'everything', flow: 'f' })) as string,
			(await ask('flow:start', { manager: 'second', name: 'parent', flow: 's' })) as string,
		];
		await Promise.all([
			ask('pool:enqueue', { pool: 'narrow', label: 'n', failures: 1 }),
			ask('pool:enqueue', { pool: 'wide', label: 'w' }),
			ask('retry:run', { which: 'first', label: 'r', failures: 1 }),
			ask('retry:run', { which: 'second', label: 'q', failures: 0 }),
			ask('ranks:add', game),
			ask('ranks:fill', { words: ['one', 'two'], isAsync: false }),
			ask('timers:every', { which: 'first', name: 'tick', ms: 1_000 }),
			ask('timers:at', { which: 'second', name: 'tock', cronspec: '* * * * * *' }),
			app.mutate('backfill:runAll', {}, admin),
		]);
		await untilListed(app, 'pool:outcomes', ['n: success "n after 1"', 'w: success "w after 0"']);
		await untilListed(app, 'flowSteps:endings', ['s: success "parent of child of s"']);
		const completed = (manager: string, id: string) =>
			until(
				async () => (await app.value('flow:status', { manager, id })) as { type: string },
				({ type }) => type === 'completed',
			);
		await completed('first', flow);
		await completed('second', second);
		for (const label of ['tick', 'tock']) {
			await until(
				async () => (await app.value('timers:ticks', { label })) as number[],
				(ticks) => ticks.length > 0,
			);
		}
		await until(
			async () => (await app.value('retry:results')) as string[],
			(lines) => lines.filter((line) => line.endsWith('success')).length === 2,
		);
		await until(
			async () => (await app.value('backfill:people')) as string[],
			(lines) => lines.join() === '10 false ?,20 true adult,30 true adult,40 true adult',
		);
		expect(await app.value('ranks:about', { game: 'chess' })).toMatchObject({ sum: 5, count: 1 });
		expect(await app.value('ranks:words', { letter: 'o' })).toEqual({ count: 1, sum: 3, all: 2 });
		for (const which of ['first', 'second']) {
			expect(await ask('limits:take', { which, rule: 'window' })).toEqual({ ok: true });
		}
	});

	it('E3-2 better-auth twice: people of one cannot sign in to the other', async () => {
		const person = { email: 'a@example.test', password: 'correct horse battery staple' };
		const enter = async (path: string) => {
			const response = await app.runner.runHttpAction(
				new Request(`${SITE_URL}${path}/sign-in/email`, {
					method: 'POST',
					headers: { 'content-type': 'application/json', origin: SITE_URL },
					body: JSON.stringify(person),
				}),
				anonymous,
			);
			return response.status;
		};
		await ask('auth:signUp', { isSecond: false, ...person });
		expect([await enter('/api/auth'), await enter('/api/second-auth')]).toEqual([200, 401]);
		await ask('auth:signUp', { isSecond: true, ...person });
		expect([await enter('/api/auth'), await enter('/api/second-auth')]).toEqual([200, 200]);
		expect(await app.value('auth:signUps')).toEqual([
			'a@example.test at /api/auth',
			'a@example.test at /api/second-auth',
		]);
	});
});
