import { convexToJson } from 'convex/values';
import { describe, expect, test } from 'vitest';
import { compileFilter } from '../../../src/lib/server/embedded/storage/filters.ts';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import { codeOf } from './helpers.ts';

const document = {
	_id: 'x',
	_creationTime: 1,
	n: 5,
	big: convexToJson(7n) as JsonValue,
	a: { b: 'c' },
	t: true,
};

function passes(expression: JsonValue): boolean {
	return compileFilter(expression)(document);
}

const field = (path: string): JsonValue => ({ $field: path });
const literal = (value: JsonValue): JsonValue => ({ $literal: value });
const int = (value: bigint): JsonValue => literal(convexToJson(value) as JsonValue);

describe('filter expressions', () => {
	test.each<[string, JsonValue, boolean]>([
		['numbers', { $eq: [field('n'), literal(5)] }, true],
		['a nested field', { $eq: [field('a.b'), literal('c')] }, true],
		['a missing field is undefined', { $eq: [field('gone'), literal({ $undefined: null })] }, true],
		['undefined is below null', { $lt: [field('gone'), literal(null)] }, true],
		['a number is not a bigint', { $eq: [field('n'), int(5n)] }, false],
		['bigints sort below numbers', { $lt: [field('big'), field('n')] }, true],
		['numbers sort below strings', { $gt: [literal(''), field('n')] }, true],
		['-0 is below 0', { $lt: [literal(convexToJson(-0) as JsonValue), literal(0)] }, true],
		['objects are compared deeply', { $eq: [field('a'), literal({ b: 'c' })] }, true],
		[
			'inherited names are no fields',
			{ $eq: [field('toString'), literal({ $undefined: null })] },
			true,
		],
		[
			'the inside of an int64 is no field',
			{ $eq: [field('big.$integer'), literal({ $undefined: null })] },
			true,
		],
		['add', { $eq: [{ $add: [field('n'), literal(1)] }, literal(6)] }, true],
		['sub and neg', { $eq: [{ $sub: [literal(0), field('n')] }, { $neg: field('n') }] }, true],
		['mul of bigints', { $eq: [{ $mul: [field('big'), int(2n)] }, int(14n)] }, true],
		['bigints wrap', { $eq: [{ $add: [int(2n ** 63n - 1n), int(1n)] }, int(-(2n ** 63n))] }, true],
		['div', { $eq: [{ $div: [field('n'), literal(2)] }, literal(2.5)] }, true],
		['mod', { $eq: [{ $mod: [field('n'), literal(3)] }, literal(2)] }, true],
		['and', { $and: [field('t'), literal(true)] }, true],
		['empty and', { $and: [] }, true],
		['or', { $or: [literal(false), field('t')] }, true],
		['empty or', { $or: [] }, false],
		['not', { $not: field('t') }, false],
		['neq', { $neq: [field('n'), literal(5)] }, false],
		[
			'lte and gte',
			{ $and: [{ $lte: [field('n'), literal(5)] }, { $gte: [field('n'), literal(5)] }] },
			true,
		],
	])('%s', (_name, expression, expected) => {
		expect(passes(expression)).toBe(expected);
	});

	test.each<[string, JsonValue]>([
		['an unknown operator', { $regex: ['a', 'b'] }],
		['two operators', { $eq: [literal(1), literal(1)], $lt: [literal(1), literal(1)] }],
		['one side', { $eq: [literal(1)] }],
		['no expression', 5],
		['a nested one', { $and: [{ $what: 1 }] }],
	])('%s is refused when the query is opened', (_name, expression) => {
		expect(codeOf(() => compileFilter(expression))).toBe('InvalidFilter');
	});

	test.each<[string, JsonValue]>([
		['mixed arithmetic', { $add: [field('n'), field('big')] }],
		['arithmetic on text', { $add: [field('a.b'), literal(1)] }],
		['division of bigints by zero', { $div: [field('big'), int(0n)] }],
		['negation of text', { $neg: field('a.b') }],
	])('%s fails at the document', (_name, expression) => {
		const filter = compileFilter(expression);
		expect(codeOf(() => filter(document))).toBe('InvalidFilter');
	});
});
