import { convexToJson, v, type GenericValidator, type Value } from 'convex/values';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import {
	explainMismatch,
	parseValidator,
} from '../../../src/lib/server/embedded/storage/validators.ts';

function explain(validator: GenericValidator, value: Value): string | null {
	const parsed = parseValidator((validator as unknown as { json: JsonValue }).json);
	return explainMismatch(parsed, convexToJson(value) as JsonValue, (id) =>
		id.startsWith('user') ? 'users' : id.startsWith('note') ? 'notes' : null,
	);
}

const person = v.object({ name: v.string(), age: v.optional(v.number()) });

describe('validators', () => {
	test.each<[string, GenericValidator, Value[], Value[]]>([
		['null', v.null(), [null], [0, '', false]],
		['float64', v.number(), [0, -0, NaN, Infinity], [1n, '1', null]],
		['int64', v.int64(), [1n], [1, '1']],
		['boolean', v.boolean(), [true, false], [0, null]],
		['string', v.string(), ['', 'a'], [1, null, ['a']]],
		['bytes', v.bytes(), [new ArrayBuffer(2)], ['', [1]]],
		['any', v.any(), [null, 1, { a: [1n] }], []],
		['commitTs', v.commitTs(), [5n], [5, 'x']],
		['literal', v.literal('a'), ['a'], ['b', 1]],
		['bigint literal', v.literal(5n), [5n], [5, 6n]],
		['id', v.id('users'), ['user1'], ['note1', 'x', 5]],
		['array', v.array(v.number()), [[], [1, 2]], [[1, 'a'], { 0: 1 }, 1]],
		['union', v.union(v.string(), v.number()), ['a', 1], [true, null]],
		['empty union', v.union(), [], [null, 1]],
		['record', v.record(v.string(), v.number()), [{}, { a: 1 }], [{ a: 'x' }, [], 1]],
		['record of ids', v.record(v.id('users'), v.any()), [{ user1: 1 }], [{ note1: 1 }]],
		[
			'object',
			person,
			[{ name: 'a' }, { name: 'a', age: 1 }],
			[{}, { name: 1 }, { name: 'a', x: 1 }, []],
		],
		['object with inherited names', v.object({}), [{}], [{ constructor: 1 }, { toString: 'x' }]],
		['required inherited name', v.object({ constructor: v.any() }), [{ constructor: 1 }], [{}]],
	])('%s', (_name, validator, good, bad) => {
		for (const value of good) expect(explain(validator, value)).toBeNull();
		for (const value of bad) expect(explain(validator, value)).toEqual(expect.any(String));
	});

	test("explain in Convex's words where and what", () => {
		expect(
			explain(v.object({ people: v.array(person) }), { people: [{ name: 'a' }, { name: 5 }] }),
		).toBe(
			'Value does not match validator.\nPath: .people[1].name\nValue: 5.0\nValidator: v.string()',
		);
		expect(explain(person, {})).toBe(
			'Object is missing the required field `name`. Consider wrapping the field validator in `v.optional(...)` if this ' +
				'is expected.\n\nObject: {}\nValidator: v.object({age: v.optional(v.float64()), name: v.string()})',
		);
		expect(explain(person, { name: 'a', nick: 'b' })).toBe(
			'Object contains extra field `nick` that is not in the validator.\n\nObject: {name, nick}\n' +
				'Validator: v.object({age: v.optional(v.float64()), name: v.string()})',
		);
		expect(explain(v.id('users'), 'note1')).toContain(
			'Found ID "note1" from table `notes`, which does not match the table name in validator `v.id("users")`.',
		);
	});

	test('SEC never quote a string back: it may be a credential', () => {
		const secret = 'sk_live_very_secret';
		const attempts = [
			explain(v.number(), secret),
			explain(v.object({ key: v.number() }), { key: secret }),
			explain(v.object({ other: v.string() }), { other: 'a', key: secret }),
			explain(v.object({ missing: v.string() }), { key: { inner: secret } }),
			explain(v.union(v.literal('a'), v.number()), secret),
			explain(v.array(v.number()), [secret]),
			explain(v.id('users'), secret),
		];
		for (const message of attempts) {
			expect(message).toEqual(expect.any(String));
			expect(message).not.toContain('sk_live');
		}
	});

	test.each<JsonValue>([
		null,
		{},
		{ type: 'date' },
		{ type: 'array', value: { type: 'date' } },
		{ type: 'union', value: [{ type: 'date' }] },
		{
			type: 'record',
			keys: { type: 'string' },
			values: { fieldType: { type: 'date' }, optional: false },
		},
		{ type: 'object', value: { a: { fieldType: { type: 'date' }, optional: false } } },
	])('unknown ones are refused: %j', (json) => {
		expect(() => parseValidator(json)).toThrow('Unknown validator');
	});
});
