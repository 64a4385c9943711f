import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, openRunner, valueOf, type Opened } from '../functions/support.ts';
import { FOLDER } from './served.ts';

let development: Opened;
let production: Opened;
beforeAll(async () => {
	development = await openRunner('limits', { showErrors: true });
	production = await openRunner('limits');
});
afterAll(() => Promise.all([development.close(), production.close()]));

const textOf = async (app: Opened, name: string, args = {}) =>
	failureOf((await app.query(name, args)).outcome).message.replace(/ID: \w+/, 'ID: x');

/** `file.ts:12:3` of the first line that contains the text: lines from 1, columns from 0. */
function place(file: string, text: string): string {
	const lines = readFileSync(path.join(FOLDER, file), 'utf8').split('\n');
	const line = lines.findIndex((one) => one.includes(text));
	return `../convex/${file}:${line + 1}:${lines[line]!.indexOf(text)}`;
}

describe('errors in development', () => {
	it('E3-1 name the line of the source', async () => {
		expect(await textOf(development, 'errors:plain')).toBe(
			'[Request ID: x] Server Error\nUncaught TypeError: plain text\n' +
				`    at handler (${place('errors.ts', "new TypeError('plain text')")})`,
		);
	});

	it('E3-1 name the lines of helpers, and neither the bundle nor the server', async () => {
		const text = await textOf(development, 'errors:viaHelper');
		expect(text.split('\n').slice(1)).toEqual([
			'Uncaught Error: deep',
			`    at throwFromHelper (${place('helpers/throwing.ts', 'new Error(text)')})`,
			`    at handler (${place('errors.ts', "throwFromHelper('deep')")})`,
		]);
	});

	it('E3-1 are the same in the server’s log, also of production', async () => {
		await textOf(production, 'errors:viaHelper');
		const logged = production.events.findLast(({ event }) => event === 'function.failed');
		expect(logged!.stack).toContain(
			`at throwFromHelper (${place('helpers/throwing.ts', 'new Error(text)')})`,
		);
	});

	it('E3-1 of a called function reach its caller', async () => {
		const { message } = failureOf(await development.mutate('errors:nested'));
		expect(message).toContain('inside');
	});
});

describe('errors in production', () => {
	it('E3-1 say nothing but the request', async () => {
		expect(await textOf(production, 'errors:plain')).toBe('[Request ID: x] Server Error');
	});

	it('E3-1 of ConvexError carry their data', async () => {
		const failure = failureOf((await production.query('errors:coded')).outcome);
		expect(failure.data).toEqual({ code: 'NOT_YET', n: { $integer: 'AQAAAAAAAAA=' } });
		expect(failure.message).toContain('Uncaught ConvexError: ');
	});
});

describe('validation, in Convex’s lines', () => {
	it('E3-1 of arguments', async () => {
		expect(await textOf(development, 'errors:typed', {})).toContain(
			'ArgumentValidationError: Object is missing the required field `name`. Consider wrapping the field validator in ' +
				'`v.optional(...)` if this is expected.\n\nObject: {}\nValidator: v.object({age: v.optional(v.float64()), name: v.string()})',
		);
		expect(await textOf(development, 'errors:typed', { name: 'a', age: 'b' })).toMatch(
			/ArgumentValidationError: Value does not match validator\.\nPath: \.age\nValue: .*\nValidator: v\.float64\(\)/,
		);
		expect(await textOf(development, 'errors:typed', { name: 'a', more: 1 })).toMatch(
			/Object contains extra field `more` that is not in the validator\.\n\nObject: \{.*\}\nValidator: v\.object/,
		);
	});
	it('E3-1 of returned values and of documents', async () => {
		expect(await textOf(development, 'errors:wrongReturn')).toMatch(
			/ReturnsValidationError: Value does not match validator\.\n/,
		);
		const { message } = failureOf(await development.mutate('errors:wrongDocument'));
		expect(message).toContain(
			'Failed to insert or update a document in table "rows" because it does not match the schema: ' +
				'Value does not match validator.\nPath: .group\nValue: 1.0\nValidator: v.string()',
		);
	});
});

describe('what only Node has', () => {
	it.each([
		['Buffer', 'Buffer is not defined. It exists only in Node'],
		['setImmediate', 'setImmediate is not defined. It exists only in Node'],
		['nextTick', 'process.nextTick is not a function'],
		['require', 'is not supported'],
	])('E3-3 %s fails in the default runtime', async (what, text) => {
		const { message } = failureOf(await development.act('errors:useNode', { what }));
		expect(message.replaceAll('__convexProcess', 'process')).toContain(text);
	});
	it('E3-3 may be looked for', async () => {
		expect(await development.value('errors:lookForNode')).toEqual([
			'undefined',
			'undefined',
			expect.any(String),
		]);
	});
	it('E3-3 is there in a file with "use node"', async () => {
		const admin = { identity: null, isAdmin: true };
		expect(valueOf(await development.act('nodeFile:uses', {}, admin))).toEqual(['78', 'function']);
	});
});
