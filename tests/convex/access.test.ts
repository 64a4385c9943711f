import { ORIGIN } from './env.ts';
import './probe.ts';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import {
	OWNER,
	refusalOf,
	settle,
	signIn,
	startWithOwner,
	type Person,
	type Server,
} from './harness.ts';
import { stubNetwork, type Network } from './network.ts';
import { plantForeignWorkspace, FOREIGN } from './foreignWorkspace.ts';
import { argsFor, call, publicFunctions, withoutOptional, type Known } from './publicFunctions.ts';

/** The first visit has nobody to sign in. Each is closed or says next to nothing once there is an owner. */
const OPEN = ['setup.createOwner', 'setup.status'];
const OWNER_ONLY = ['egress.allowHost', 'egress.revokeHost', 'viewer.updateWorkspace'];

const guarded = publicFunctions.filter(({ name }) => !OPEN.includes(name));

let t: Server;
let owner: Person;
let revoked: Person;
let foreigner: Person;
let network: Network;
let ids: Record<string, string>;
let known: Known;

beforeAll(async () => {
	({ t, owner } = await startWithOwner());
	revoked = await signIn(t);
	await owner.mutation(api.sessions.revoke, { sessionId: revoked.sessionId });
	network = stubNetwork();
	({ ids, known } = await plantForeignWorkspace(t));
	const sessionId = String(known.sessionId);
	const claims = { subject: FOREIGN, issuer: ORIGIN, sessionId };
	foreigner = Object.assign(t.withIdentity(claims), { cookie: '', sessionId });
});

afterEach(() => settle(t));

describe('SEC-40 every public function', () => {
	test('is found by the walk', () => {
		const names = publicFunctions.map(({ name }) => name);
		expect(names).toEqual(expect.arrayContaining([...OPEN, 'connections.list', 'viewer.me']));
		expect(names.length).toBeGreaterThan(30);
	});

	test.each(publicFunctions)('$name declares arguments and results', ({ args, hasReturns }) => {
		expect(args.type).toBe('object');
		expect(hasReturns).toBe(true);
	});

	test.each(guarded)('$name refuses who has no session', async (fn) => {
		const refusal = await refusalOf(call(t, fn, argsFor(fn, known, ids)));
		expect(refusal.code).toBe('UNAUTHENTICATED');
	});

	test.each(guarded)('$name refuses a token whose session was revoked', async (fn) => {
		const refusal = await refusalOf(call(revoked, fn, argsFor(fn, known, ids)));
		expect(refusal.code).toBe('UNAUTHENTICATED');
	});

	const namesRow = ({ args }: { args: unknown }) =>
		/connectionId|seriesId|runId|sessionId/.test(JSON.stringify(args));
	const byId = guarded.filter(namesRow);
	test.each(byId)("SEC-29 SEC-32 $name finds nothing of another workspace's", async (fn) => {
		const before = await snapshot();
		let outcome: unknown;
		try {
			outcome = await call(owner, fn, argsFor(fn, known, ids));
		} catch (error) {
			outcome = error;
		}
		if (outcome instanceof Error) expect(String(outcome)).toContain('NOT_FOUND');
		else expect(isEmpty(outcome)).toBe(true);
		expect(String(JSON.stringify(outcome))).not.toContain(FOREIGN);
		expect(await snapshot()).toEqual(before);
		expect(network.sent).toEqual([]);
	});

	const lists = guarded
		.filter(({ kind }) => kind === 'query')
		.map(withoutOptional)
		.filter((fn) => !namesRow(fn));
	test.each(lists)("SEC-29 $name shows nothing of another workspace's", async (fn) => {
		const shown = await call(owner, fn, argsFor(fn, known, ids));
		expect(JSON.stringify(shown)).not.toContain(FOREIGN);
	});

	const shows = [
		...['connections.audit', 'connections.get', 'connections.list', 'egress.list'],
		...['integrations.get', 'metrics.list', 'metrics.series', 'syncRuns.get', 'syncRuns.list'],
	];
	test.each(guarded.filter(({ name }) => shows.includes(name)))(
		'$name shows the same rows to their own workspace (control)',
		async (fn) => {
			const shown = await call(foreigner, fn, argsFor(fn, known, ids));
			expect(JSON.stringify(shown)).toContain(FOREIGN);
		},
	);

	test.each(guarded.filter(({ name }) => OWNER_ONLY.includes(name)))(
		'$name refuses a member who is not the owner',
		async (fn) => {
			await setRole('member');
			try {
				const refusal = await refusalOf(call(owner, fn, argsFor(fn, known, ids)));
				expect(refusal.code).toBe('FORBIDDEN');
			} finally {
				await setRole('owner');
			}
		},
	);

	test('SEC-36 SEC-38 literal, malformed and foreign-table ids are refused', async () => {
		const workspaceId = (await owner.query(api.viewer.me, {})).workspace.id;
		for (const id of ['', ':id', 'null', '*', '../', workspaceId, ids.series!]) {
			await expect(
				owner.mutation(api.connections.syncNow, { connectionId: id as never }),
			).rejects.toThrow();
			expect(await owner.query(api.connections.get, { connectionId: id })).toBeNull();
		}
		for (const id of [null, [], { $gt: '' }]) {
			await expect(owner.query(api.connections.get, { connectionId: id as never })).rejects.toThrow(
				'Validator error',
			);
		}
	});

	test('SEC-37 members that are not declared are refused', async () => {
		const extra = { name: 'New name', role: 'owner', ownerId: 'x', workspaceId: ids.workspaces };
		await expect(owner.mutation(api.viewer.updateWorkspace, extra as never)).rejects.toThrow(
			'Validator error',
		);
		await expect(
			t.mutation(api.setup.createOwner, { ...OWNER, role: 'owner' } as never),
		).rejects.toThrow('Validator error');
	});
});

/** All rows, so that a refused call is seen to have changed nothing. */
function snapshot(): Promise<string> {
	return t.run(async (ctx) => {
		const tables = [
			'connections',
			'secrets',
			'series',
			'syncStates',
			'syncRuns',
			'auditLog',
		] as const;
		return JSON.stringify(await Promise.all(tables.map((table) => ctx.db.query(table).collect())));
	});
}

/** Null, an empty list or page, or an answer that an unknown id gets as well. */
function isEmpty(value: unknown): boolean {
	if (value === null) return true;
	if (Array.isArray(value)) return value.length === 0;
	if (typeof value !== 'object') return false;
	return 'page' in value && isEmpty(value.page);
}

function setRole(role: 'owner' | 'member'): Promise<void> {
	return t.run(async (ctx) => {
		const rows = await ctx.db.query('memberships').collect();
		for (const row of rows) {
			if (row.userId !== FOREIGN) await ctx.db.patch(row._id, { role });
		}
	});
}
