import { afterEach, describe, expect, test } from 'vitest';
import { components } from '../../convex/lib/components.ts';
import { api } from '../../convex/_generated/api.js';
import { OWNER, post, refusalOf, start, type Server } from './harness.ts';

afterEach(() => {
	delete process.env.TRIBUTARY_SETUP_CODE;
});

/** Everything that a setup could leave behind. */
async function rows(t: Server) {
	return t.run(async (ctx) => {
		const count = async (model: 'user' | 'account' | 'session') =>
			(
				await ctx.runQuery(components.betterAuth.adapter.findMany, {
					model,
					paginationOpts: { numItems: 100, cursor: null },
				})
			).page.length;
		const own = async (table: 'workspaces' | 'memberships' | 'users' | 'settings') =>
			(await ctx.db.query(table).collect()).length;
		return {
			authUsers: await count('user'),
			authAccounts: await count('account'),
			authSessions: await count('session'),
			workspaces: await own('workspaces'),
			memberships: await own('memberships'),
			users: await own('users'),
			settings: await own('settings'),
		};
	});
}

const nothing = {
	authUsers: 0,
	authAccounts: 0,
	authSessions: 0,
	workspaces: 0,
	memberships: 0,
	users: 0,
	settings: 0,
};

describe('setup', () => {
	test('creates owner, workspace and membership, and no session', async () => {
		const t = start();
		expect(await t.query(api.setup.status, {})).toEqual({ needsOwner: true, needsCode: false });
		await t.mutation(api.setup.createOwner, OWNER);
		expect(await rows(t)).toEqual({
			authUsers: 1,
			authAccounts: 1,
			authSessions: 0,
			workspaces: 1,
			memberships: 1,
			users: 1,
			settings: 1,
		});
		expect(await t.query(api.setup.status, {})).toEqual({ needsOwner: false, needsCode: false });
	});

	test('SEC-21 of two setups at once exactly one wins, and later ones are refused', async () => {
		const t = start();
		const rival = { ...OWNER, email: 'eve@example.com', name: 'Eve' };
		const results = await Promise.allSettled([
			t.mutation(api.setup.createOwner, OWNER),
			t.mutation(api.setup.createOwner, rival),
		]);
		expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
		expect(await rows(t)).toMatchObject({ authUsers: 1, authAccounts: 1, memberships: 1 });
		expect(await refusalOf(t.mutation(api.setup.createOwner, rival))).toMatchObject({
			code: 'SETUP_CLOSED',
		});
	});

	test('SEC-21 no user can be created past the setup function, not even behind the hook', async () => {
		const t = start();
		const create = () =>
			t.run((ctx) =>
				ctx.runMutation(components.betterAuth.adapter.create, {
					input: {
						model: 'user',
						data: {
							name: 'Eve',
							email: 'eve@example.com',
							emailVerified: true,
							createdAt: 1,
							updatedAt: 1,
						},
					},
					onCreateHandle: 'function://;auth:onCreate',
				}),
			);
		await expect(create()).rejects.toThrow('SETUP_CLOSED');
		await t.mutation(api.setup.createOwner, OWNER);
		await expect(create()).rejects.toThrow('SETUP_CLOSED');
		expect(await rows(t)).toMatchObject({ authUsers: 1, users: 1 });
	});

	test.each(['before', 'after'])('SEC-21 sign-up over HTTP is closed %s setup', async (when) => {
		const t = start();
		if (when === 'after') await t.mutation(api.setup.createOwner, OWNER);
		const before = await rows(t);
		const { name, password } = OWNER;
		const response = await post(t, '/sign-up/email', { name, password, email: 'eve@example.com' });
		expect(response.status).toBe(403);
		expect(await response.json()).toMatchObject({ code: 'SIGN_UP_CLOSED' });
		expect(await rows(t)).toEqual(before);
	});

	test('a refused setup leaves nothing behind and names every wrong field', async () => {
		const t = start();
		const bad = {
			name: ' ',
			email: 'ada',
			password: 'short',
			workspaceName: '',
			timeZone: 'Mars/Base',
		};
		const refusal = await refusalOf(t.mutation(api.setup.createOwner, bad));
		expect(refusal).toMatchObject({ code: 'VALIDATION' });
		expect(Object.keys((refusal as unknown as { fields: object }).fields).sort()).toEqual(
			Object.keys(bad).sort(),
		);
		expect(await rows(t)).toEqual(nothing);
	});

	test('SEC-57 asks for the one-time code when the server has one', async () => {
		process.env.TRIBUTARY_SETUP_CODE = '7F3K-22QP-XM4T';
		const t = start();
		expect(await t.query(api.setup.status, {})).toEqual({ needsOwner: true, needsCode: true });
		for (const code of [undefined, '', '7F3K-22QP-XM4', '7F3K-22QP-XM4TT', '7F3K-22QP-XM4U']) {
			expect(await refusalOf(t.mutation(api.setup.createOwner, { ...OWNER, code }))).toMatchObject({
				code: 'SETUP_CODE_WRONG',
			});
		}
		expect(await rows(t)).toEqual(nothing);
		await t.mutation(api.setup.createOwner, { ...OWNER, code: ' 7F3K-22QP-XM4T ' });
		expect(await rows(t)).toMatchObject({ authUsers: 1 });
	});
});
