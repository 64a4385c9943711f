import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, openRunner, valueOf, type Opened } from '../functions/support.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('limits', { showErrors: true });
});
afterAll(() => app.close());

const MIB = 1024 * 1024;
const messageOf = async (name: string, args: object) =>
	failureOf((await app.query(name, args as never)).outcome).message;

describe('arguments and returned values', () => {
	it('E3-3 arguments have 16 MiB', async () => {
		// The list (2), the object (2), the name (5), the string's ends (2).
		const text = 'x'.repeat(16 * MIB - 11);
		expect(await app.value('sizes:takes', { text })).toBeNull();
		expect(await messageOf('sizes:takes', { text: `${text}${'y'.repeat(MIB / 2)}` })).toContain(
			'Arguments for sizes.js:takes are too large (actual: 16.5 MiB, limit: 16 MiB)',
		);
	});
	it('E3-3 5 MiB in a file with "use node"', async () => {
		const text = 'x'.repeat(5 * MIB - 11);
		valueOf(await app.act('nodeFile:takes', { text }));
		const failure = failureOf(await app.act('nodeFile:takes', { text: `${text}y` }));
		expect(failure.message).toContain('Arguments for nodeFile.js:takes are too large');
	});
	it('E3-3 a returned value has 16 MiB, counted as Convex counts', async () => {
		expect(await app.value('sizes:returns', { bytes: 16 * MIB - 2 })).toHaveLength(16 * MIB - 2);
		expect(await messageOf('sizes:returns', { bytes: 16 * MIB - 1 })).toContain(
			'Function sizes.js:returns return value is too large (actual: 16 MiB, limit: 16 MiB)',
		);
		// Two million numbers: 4 MB of text, and 18 MB by the measure.
		expect(await messageOf('sizes:returnsNumbers', { count: 2_000_000 })).toContain(
			'(actual: 17.17 MiB, limit: 16 MiB)',
		);
	});
});

describe('documents', () => {
	it.each(['largest', 'deep', 'long', 'wide'])('E3-3 %s is stored', async (what) => {
		valueOf(await app.mutate('sizes:store', { what }));
	});
	it.each([
		['tooLarge', 'Value is too large (1.00 MiB > maximum size 1 MiB).'],
		['tooDeep', 'Value is too nested (nested 17 levels deep > maximum nesting 16).'],
		['tooLong', 'Array length is too long (8193 > maximum length 8192).'],
		['tooWide', '> maximum number 1024).'],
		['underscore', "Field '_mine' starts with an underscore"],
		['dollar', "starts with a '$', which is reserved."],
		['accent', 'has invalid character'],
		['longName', 'exceeds maximum field name length 1024'],
	])('E3-3 %s is refused', async (what, text) => {
		expect(failureOf(await app.mutate('sizes:store', { what })).message).toContain(text);
	});
});
