import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunner, valueOf, type Opened } from '../functions/support.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('limits', { showErrors: true });
});
afterAll(() => app.close());

it('E3-1 by_id ranges, in both directions', async () => {
	const ids: string[] = [];
	for (let n = 0; n < 5; n++)
		ids.push(valueOf(await app.mutate('meta:add', { label: 'r' })) as string);
	ids.sort();
	expect(await app.value('meta:byIdRange', { from: ids[1]! })).toEqual(ids.slice(1));
	const some = { from: ids[1]!, to: ids[4]! };
	expect(await app.value('meta:byIdRange', some)).toEqual(ids.slice(1, 4));
	const back = { from: ids[1]!, desc: true };
	expect(await app.value('meta:byIdRange', back)).toEqual(ids.slice(1).reverse());
});

it('E3-1 commitTs is the timestamp of the commit: in documents, in index ranges, in what is returned', async () => {
	type Stamp = { id: string; at: { $integer: string }; snapshot: { $integer: string } };
	const number = (value: { $integer: string }) =>
		Buffer.from(value.$integer, 'base64').readBigInt64LE();
	const first = valueOf(await app.mutate('meta:stamp', { label: 'first' })) as unknown as Stamp;
	const second = valueOf(await app.mutate('meta:stamp', { label: 'second' })) as unknown as Stamp;
	expect(number(first.at)).toBeGreaterThan(number(first.snapshot));
	expect(number(second.at)).toBeGreaterThan(number(first.at));
	expect(app.storage.latestTs()).toBe(number(second.at));
	expect(await app.value('meta:stampsFrom', { at: second.at })).toEqual([
		{ label: 'second', at: second.at },
	]);
});

describe('getRequestMetadata', () => {
	it('E3-1 is one and the same for a function and those it calls', async () => {
		const caller = { identity: null, isAdmin: false, ip: '192.0.2.1', userAgent: 'test' };
		const { own, nested, inner } = valueOf(await app.act('meta:requestOfAction', {}, caller)) as {
			own: { requestId: string };
			nested: unknown;
			inner: unknown;
		};
		expect(own).toMatchObject({ ip: '192.0.2.1', userAgent: 'test', scheduledFunctionId: null });
		expect(own.requestId).toMatch(/^[0-9a-f]{16}$/);
		expect(nested).toEqual(own);
		expect(inner).toMatchObject({ name: 'meta:inner', componentPath: '' });
	});
});
