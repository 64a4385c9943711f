import { jsonToConvex } from 'convex/values';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { admin, anonymous, failureOf, openRunner, valueOf, type Opened } from './support.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('basic');
});
afterAll(() => app.close());

describe('calls from clients', () => {
	it('runs a mutation and reads what it wrote', async () => {
		const id = valueOf(await app.mutate('notes:add', { channel: 'a', rank: 2, text: 'hi' }));
		expect(id).toMatch(/^[0-9a-z]{32}$/);
		valueOf(await app.mutate('notes:add', { channel: 'a', rank: 1 }));
		expect(await app.value('notes:list', { channel: 'a' })).toEqual([
			{ rank: 1 },
			{ rank: 2, text: 'hi' },
		]);
	});

	it('answers several queries at one timestamp with a read set each', async () => {
		const [first, second] = await app.runner.runQueries([
			{ component: '', path: 'notes:list', args: { channel: 'a' }, caller: anonymous },
			{ component: '', path: 'notes:list', args: { channel: 'none' }, caller: anonymous },
		]);
		expect(first!.ts).toBe(second!.ts);
		expect(first!.readSet).not.toEqual(second!.readSet);
		expect(first!.usedIdentity).toBe(false);
	});

	it('notices when a query asks who is calling', async () => {
		const caller = { identity: { subject: 'user1' }, isAdmin: false };
		const { outcome, usedIdentity } = await app.query('notes:who', {}, caller);
		expect(valueOf(outcome)).toBe('user1');
		expect(usedIdentity).toBe(true);
	});

	it.each(['notes:secretList', 'notes:missing', 'nothing:here', 'notes'])(
		'hides %s from the public',
		async (name) => {
			const failure = failureOf((await app.query(name)).outcome);
			expect(failure.code).toBe('FunctionNotFound');
			expect(failure.message).toContain('Could not find public function for');
		},
	);

	it('lets an administrator call internal functions', async () => {
		expect(await app.value('notes:secretList', {}, admin)).toBe('internal');
	});

	it('refuses a function called as another kind', async () => {
		const failure = failureOf(await app.mutate('notes:list', { channel: 'a' }));
		expect(failure.message).toContain(
			'Trying to execute notes.js:list as Mutation, but it is defined as Query.',
		);
	});

	it('checks arguments and hands the sentence to the client', async () => {
		const failure = failureOf(await app.mutate('notes:add', { channel: 5, rank: 1 }));
		expect(failure.code).toBe('ArgumentValidation');
		expect(failure.message).toContain('ArgumentValidationError');
	});

	it('checks return values and keeps the text from the client', async () => {
		const failure = failureOf((await app.query('notes:badReturn')).outcome);
		expect(failure.code).toBe('ReturnsValidation');
		expect(failure.message).toMatch(/^\[Request ID: [0-9a-f]{16}\] Server Error$/);
	});

	it('hands over the data of a ConvexError and rolls back', async () => {
		const failure = failureOf(await app.mutate('notes:refuse'));
		expect(failure.data).toEqual({ code: 'NOPE', detail: [{ $integer: 'AQAAAAAAAAA=' }] });
		expect(await app.value('notes:list', { channel: 'refused' })).toEqual([]);
	});

	it('redacts other errors, and logs them for the operator', async () => {
		const failure = failureOf(await app.mutate('notes:crash'));
		expect(failure.message).not.toContain('detail');
		expect(failure).not.toHaveProperty('data');
		const logged = app.events.findLast(({ event }) => event === 'function.failed');
		expect(logged).toMatchObject({
			function: 'notes:crash',
			error: 'TypeError: a detail that clients must not see',
		});
		expect(JSON.stringify(logged!.stack)).not.toContain(app.dataDir);
	});

	it('runs a replayed request once', async () => {
		const call = {
			component: '',
			path: 'notes:add',
			args: { channel: 'replay', rank: 1 },
			caller: anonymous,
			session: { sessionId: 'session', requestId: 7 },
		};
		const [first, second] = await Promise.all([
			app.runner.runMutation(call),
			app.runner.runMutation(call),
		]);
		const third = await app.runner.runMutation(call);
		expect(second).toEqual(first);
		expect(third).toEqual(first);
		expect(await app.value('notes:list', { channel: 'replay' })).toHaveLength(1);
	});

	it('pages, and keeps a page gapless with its journal', async () => {
		for (let rank = 0; rank < 5; rank++) {
			valueOf(await app.mutate('notes:add', { channel: 'pages', rank: rank * 10 }));
		}
		const call = {
			component: '',
			path: 'notes:page',
			args: { channel: 'pages', paginationOpts: { numItems: 2, cursor: null } },
			caller: anonymous,
		};
		const [before] = await app.runner.runQueries([call]);
		const page = valueOf(before!.outcome) as { page: { rank: number }[]; isDone: boolean };
		expect(page.page.map(({ rank }) => rank)).toEqual([0, 10]);
		valueOf(await app.mutate('notes:add', { channel: 'pages', rank: 5 }));
		const [after] = await app.runner.runQueries([{ ...call, journal: before!.journal }]);
		const grown = valueOf(after!.outcome) as { page: { rank: number }[] };
		expect(grown.page.map(({ rank }) => rank)).toEqual([0, 5, 10]);
		const [fresh] = await app.runner.runQueries([{ ...call, journal: 'nonsense' }]);
		expect((valueOf(fresh!.outcome) as { page: unknown[] }).page).toHaveLength(2);
	});

	it('allows one page per function', async () => {
		const paginationOpts = { numItems: 2, cursor: null };
		const failure = failureOf((await app.query('notes:twoPages', { paginationOpts })).outcome);
		expect(failure.code).toBe('MultiplePages');
	});

	it('lets a mutation keep and return the timestamp of its own commit', async () => {
		const { outcome, ts } = await app.runner.runMutation({
			component: '',
			path: 'notes:stamp',
			args: {},
			caller: anonymous,
		});
		const { commitTs } = jsonToConvex(valueOf(outcome)) as { commitTs: bigint };
		expect(commitTs).toBe(ts);
		expect(jsonToConvex(await app.value('notes:stamped'))).toEqual([ts]);
		const failure = failureOf(await app.mutate('notes:echo', { value: { $commitTs: null } }));
		expect(failure.code).toBe('UnresolvedPlaceholder');
	});

	it('refuses a search over an index that there is not', async () => {
		const failure = failureOf((await app.query('notes:search')).outcome);
		expect(failure.code).toBeDefined();
		const logged = app.events.findLast(({ event }) => event === 'function.failed');
		expect(logged!.error).toBe('Error: Index notes.by_words not found.');
	});
});
