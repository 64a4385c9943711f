import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, openRunner, valueOf, type Opened } from '../functions/support.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('limits', { showErrors: true });
});
afterAll(() => app.close());

const refusal = async (name: string, args: object = {}) =>
	failureOf((await app.query(name, args as never)).outcome).message;

describe('values that are returned or passed on', () => {
	it('E3-3 are nested 64 levels deep at most', async () => {
		expect(await app.value('shapes:nested', { levels: 64 })).toBeInstanceOf(Array);
		expect(await refusal('shapes:nested', { levels: 65 })).toContain(
			'Value is too nested (nested 65 levels deep > maximum nesting 64).',
		);
	});
	it('E3-3 the object of arguments and its list count as levels', async () => {
		valueOf(await app.act('shapes:passesOn', { levels: 62 }));
		const failure = failureOf(await app.act('shapes:passesOn', { levels: 63 }));
		expect(failure.message).toContain('Value is too nested (nested 65 levels deep');
	});
	it('E3-3 have lists of 8192 elements and objects of 1024 fields at most', async () => {
		expect(await app.value('shapes:long', { length: 8_192 })).toHaveLength(8_192);
		expect(await refusal('shapes:long', { length: 8_193 })).toContain(
			'Array length is too long (8193 > maximum length 8192).',
		);
		expect(Object.keys((await app.value('shapes:wide', { fields: 1_024 })) as object)).toHaveLength(
			1_024,
		);
		expect(await refusal('shapes:wide', { fields: 1_025 })).toContain(
			'Object has too many fields (1025 > maximum number 1024).',
		);
	});
});

describe('half of a surrogate pair', () => {
	it('E3-3 is neither stored nor returned', async () => {
		expect(await refusal('shapes:returnsHalf')).toContain('return value is invalid JSON');
		const { message } = failureOf(await app.mutate('shapes:storesHalf'));
		expect(message).toContain('Received invalid json');
	});
	it('E3-3 is not seen where there is none', async () => {
		expect(await app.value('shapes:returnsWhole')).toBe('\\ud83c 🎉');
	});
});

describe('an error that nobody awaits', () => {
	it('E3-3 fails the query, also when all else is done by then', async () => {
		expect(await refusal('shapes:unguarded')).toContain('Uncaught Error: not signed in');
	});
	it('E3-3 fails a lone mutation, which writes nothing', async () => {
		const { message } = failureOf(await app.mutate('shapes:unguardedWrite'));
		expect(message).toContain('Uncaught Error: not signed in');
		expect(await app.value('shapes:written')).toBe(0);
	});
});

it('E3-1 process.env is printed without its values', async () => {
	const { logLines } = (await app.query('shapes:prints')).outcome;
	expect(logLines).toEqual(['[LOG] [process.env]']);
});

it('E3-1 what is no id of a job cannot be canceled', async () => {
	expect(failureOf(await app.mutate('shapes:cancels')).message).toContain(
		'Invalid argument `id` for `scheduler.cancel`: Unable to decode ID',
	);
});
