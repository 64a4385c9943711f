/** Filter expressions (`{"$eq":[…]}` and its like) compiled to functions over a document. */
import { compareValues, jsonToConvex, type Value } from 'convex/values';
import type { StoredDocument } from './database.ts';
import { fieldAt, isJsonObject, isUndefinedMarker } from './jsonValues.ts';
import { FunctionError, type JsonValue } from '../types.ts';

/** Values are compared as Convex orders them, across types too; a missing field is `undefined`, below all else. */
export type DocumentFilter = (document: StoredDocument) => boolean;

type Evaluate = (document: StoredDocument) => Value | undefined;

const COMPARISONS: { [operator: string]: (order: number) => boolean } = {
	$eq: (order) => order === 0,
	$neq: (order) => order !== 0,
	$lt: (order) => order < 0,
	$lte: (order) => order <= 0,
	$gt: (order) => order > 0,
	$gte: (order) => order >= 0,
};

const ARITHMETIC: {
	[operator: string]: {
		number: (left: number, right: number) => number;
		bigint: (left: bigint, right: bigint) => bigint;
	};
} = {
	$add: { number: (l, r) => l + r, bigint: (l, r) => l + r },
	$sub: { number: (l, r) => l - r, bigint: (l, r) => l - r },
	$mul: { number: (l, r) => l * r, bigint: (l, r) => l * r },
	$div: { number: (l, r) => l / r, bigint: (l, r) => l / r },
	$mod: { number: (l, r) => l % r, bigint: (l, r) => l % r },
};

/** Throws FunctionError 'InvalidFilter' for an unknown operator, at open rather than at the first document. */
export function compileFilter(expression: JsonValue): DocumentFilter {
	const evaluate = compile(expression);
	return (document) => isTruthy(evaluate(document));
}

function compile(expression: JsonValue): Evaluate {
	if (!isJsonObject(expression)) throw invalid('is not an expression');
	const operators = Object.keys(expression);
	const operator = operators[0];
	if (operators.length !== 1 || operator === undefined) throw invalid('needs exactly one operator');
	const operand = expression[operator]!;
	if (operator === '$literal') return compileLiteral(operand);
	if (operator === '$field') return compileField(operand);
	if (Object.hasOwn(COMPARISONS, operator)) return compileComparison(operator, operand);
	if (Object.hasOwn(ARITHMETIC, operator)) return compileArithmetic(operator, operand);
	switch (operator) {
		case '$and': {
			const parts = list(operator, operand);
			return (document) => parts.every((part) => isTruthy(part(document)));
		}
		case '$or': {
			const parts = list(operator, operand);
			return (document) => parts.some((part) => isTruthy(part(document)));
		}
		case '$not': {
			const inner = compile(operand);
			return (document) => !isTruthy(inner(document));
		}
		case '$neg': {
			const inner = compile(operand);
			return (document) => negate(inner(document));
		}
		default:
			throw invalid(`has the unknown operator ${operator}`);
	}
}

function compileLiteral(operand: JsonValue): Evaluate {
	const value = isUndefinedMarker(operand) ? undefined : jsonToConvex(operand);
	return () => value;
}

function compileField(operand: JsonValue): Evaluate {
	if (typeof operand !== 'string') throw invalid('has a $field that is not a path');
	const path = operand.split('.');
	return (document) => {
		const json = fieldAt(document, path);
		return json === undefined ? undefined : jsonToConvex(json);
	};
}

function compileComparison(operator: string, operand: JsonValue): Evaluate {
	const [left, right] = pair(operator, operand);
	const accepts = COMPARISONS[operator]!;
	return (document) => accepts(compareValues(left(document), right(document)));
}

function compileArithmetic(operator: string, operand: JsonValue): Evaluate {
	const [left, right] = pair(operator, operand);
	const compute = ARITHMETIC[operator]!;
	return (document) => {
		const l = left(document);
		const r = right(document);
		if (typeof l === 'number' && typeof r === 'number') return compute.number(l, r);
		if (typeof l === 'bigint' && typeof r === 'bigint') {
			if (r === 0n && (operator === '$div' || operator === '$mod')) {
				throw new FunctionError('InvalidFilter', 'A filter divided a bigint by zero.');
			}
			return BigInt.asIntN(64, compute.bigint(l, r));
		}
		throw new FunctionError(
			'InvalidFilter',
			`A filter used ${operator} on values that are not both numbers or both bigints.`,
		);
	};
}

function negate(value: Value | undefined): Value {
	if (typeof value === 'number') return -value;
	if (typeof value === 'bigint') return BigInt.asIntN(64, -value);
	throw new FunctionError('InvalidFilter', 'A filter used $neg on a value that is not a number.');
}

function list(operator: string, operand: JsonValue): Evaluate[] {
	if (!Array.isArray(operand)) throw invalid(`has a ${operator} without a list`);
	return operand.map(compile);
}

function pair(operator: string, operand: JsonValue): [Evaluate, Evaluate] {
	const parts = list(operator, operand);
	if (parts.length !== 2) throw invalid(`has a ${operator} that does not have two sides`);
	return [parts[0]!, parts[1]!];
}

function isTruthy(value: Value | undefined): boolean {
	return Boolean(value);
}

function invalid(why: string): FunctionError {
	return new FunctionError('InvalidFilter', `A query filter ${why}.`);
}
