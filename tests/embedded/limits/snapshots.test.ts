import { afterEach, describe, expect, it } from 'vitest';
import { httpClient } from '../clients/clientHarness.ts';
import { ManualClock, openRunner, valueOf, type Opened } from '../functions/support.ts';
import { api, serveLimits } from './served.ts';

describe('query_at_ts', () => {
	it('E3-1 answers of one client agree, whatever is written in between', async () => {
		const { origin } = await serveLimits();
		const writer = httpClient(origin);
		const reader = httpClient(origin);
		await writer.mutation(api.meta!.add!, { label: 'a' });
		expect(await reader.consistentQuery(api.meta!.labels!, {})).toEqual(['a']);
		await writer.mutation(api.meta!.add!, { label: 'b' });
		expect(await writer.query(api.meta!.labels!, {})).toEqual(['a', 'b']);
		expect(await reader.consistentQuery(api.meta!.labels!, {})).toEqual(['a']);
		expect(await reader.consistentQuery(api.meta!.countRows!, {})).toBe(1);
		expect(await reader.consistentQuery(api.meta!.page!, {})).toEqual(['a']);
		// The control: a client with a timestamp of its own sees the newer state.
		expect(await httpClient(origin).consistentQuery(api.meta!.labels!, {})).toEqual(['a', 'b']);
	}, 30_000);

	it('E3-1 refuses a timestamp from the future, and one that was never given out', async () => {
		const { origin } = await serveLimits();
		const ask = (ts: bigint) => {
			const bytes = Buffer.alloc(8);
			bytes.writeBigUInt64LE(ts);
			const body = { path: 'meta:labels', args: {}, ts: bytes.toString('base64') };
			return fetch(`${origin}/api/query_at_ts`, { method: 'POST', body: JSON.stringify(body) });
		};
		expect((await ask(2n ** 62n)).status).toBe(400);
		const old = (await (await ask(5n)).json()) as { status: string; errorMessage: string };
		expect(old.status).toBe('error');
		expect(old.errorMessage).toContain('not kept any more');
	}, 30_000);
});

describe('snapshots that are kept', () => {
	let app: Opened | null = null;
	afterEach(async () => {
		await app?.close();
		app = null;
	});
	const labelsAt = async (atTs: bigint) => {
		const caller = { identity: null, isAdmin: false };
		const call = { component: '', path: 'meta:labels', args: {}, caller, atTs };
		return (await app!.runner.runQueries([call]))[0]!.outcome;
	};

	it('E3-1 are let go after 30 seconds', async () => {
		const clock = new ManualClock();
		app = await openRunner('limits', { clock });
		valueOf(await app.mutate('meta:add', { label: 'a' }));
		const ts = await app.runner.pinSnapshot();
		await clock.advance(1);
		valueOf(await app.mutate('meta:add', { label: 'b' }));
		await clock.advance(29_000);
		expect(await labelsAt(ts)).toMatchObject({ ok: true, value: ['a'] });
		await clock.advance(1_000);
		expect(await labelsAt(ts)).toMatchObject({ failure: { code: 'SnapshotTooOld' } });
	});

	it('E3-1 are sixteen at most: the oldest goes first', async () => {
		app = await openRunner('limits');
		const kept: bigint[] = [];
		for (let n = 0; n < 18; n++) {
			valueOf(await app.mutate('meta:add', { label: String(n) }));
			kept.push(await app.runner.pinSnapshot());
		}
		const answers = await Promise.all(kept.map(labelsAt));
		expect(answers.map(({ ok }) => ok)).toEqual(kept.map((_, index) => index >= 2));
		const fifth = answers[5] as { value: string[] };
		expect(fifth.value).toEqual(['0', '1', '2', '3', '4', '5']);
	});
});
