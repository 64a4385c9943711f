/// <reference types="vite/client" />
/** Every public function there is, found by looking, so that none can be forgotten. */
import type { FunctionReference } from 'convex/server';
import { api } from '../../convex/_generated/api.js';
import type { Person, Server } from './harness.ts';

type Kind = 'query' | 'mutation' | 'action';

export interface PublicFunction {
	/** `connections.list` */
	name: string;
	kind: Kind;
	args: Validator;
	hasReturns: boolean;
}

/** Validators as Convex exports them. */
type Validator =
	| { type: 'null' | 'number' | 'bigint' | 'boolean' | 'string' | 'bytes' | 'any' }
	| { type: 'literal'; value: unknown }
	| { type: 'id'; tableName: string }
	| { type: 'array'; value: Validator }
	| { type: 'record'; keys: Validator; values: { fieldType: Validator } }
	| { type: 'object'; value: Record<string, { fieldType: Validator; optional: boolean }> }
	| { type: 'union'; value: Validator[] };

interface Registered {
	isPublic?: boolean;
	isQuery?: boolean;
	isMutation?: boolean;
	isAction?: boolean;
	exportArgs?: () => string;
	exportReturns?: () => string;
}

const modules = import.meta.glob<Record<string, Registered>>(
	['../../convex/**/*.ts', '!../../convex/_generated/**', '!../../convex/**/*.config.ts'],
	{ eager: true },
);

export const publicFunctions: PublicFunction[] = Object.entries(modules)
	.flatMap(([path, exported]) => {
		const module = path.replace('../../convex/', '').replace(/\.ts$/, '').replaceAll('/', '.');
		return Object.entries(exported)
			.filter(([, one]) => isRegistered(one) && one.isPublic)
			.map(([key, one]) => ({
				name: `${module}.${key}`,
				kind: kindOf(one),
				args: JSON.parse(one.exportArgs!()) as Validator,
				hasReturns: JSON.parse(one.exportReturns!()) !== null,
			}));
	})
	.sort((a, b) => a.name.localeCompare(b.name));

type Arguments = Record<string, unknown>;

/** Values by argument name; they go before what would be made up. */
export type Known = Record<string, unknown>;

/** Arguments that pass the validator: known values, or ids of `ids`, or something of the right type. */
export function argsFor(fn: PublicFunction, known: Known, ids: Record<string, string>): Arguments {
	return sample(fn.args, known, ids) as Arguments;
}

/** The same function without its optional arguments. */
export function withoutOptional(fn: PublicFunction): PublicFunction {
	if (fn.args.type !== 'object') return fn;
	const required = Object.entries(fn.args.value).filter(([, { optional }]) => !optional);
	return { ...fn, args: { type: 'object', value: Object.fromEntries(required) } };
}

function sample(validator: Validator, known: Known, ids: Record<string, string>): unknown {
	switch (validator.type) {
		case 'object':
			return Object.fromEntries(
				Object.entries(validator.value).map(([name, { fieldType }]) => [
					name,
					name in known ? known[name] : sample(fieldType, known, ids),
				]),
			);
		case 'id': {
			const id = ids[validator.tableName];
			if (!id) throw new Error(`The test needs a row of ${validator.tableName}.`);
			return id;
		}
		case 'union':
			return sample(validator.value[0]!, known, ids);
		case 'literal':
			return validator.value;
		case 'array':
			return [];
		case 'record':
			return {};
		case 'null':
			return null;
		case 'boolean':
			return true;
		case 'number':
			return 1;
		case 'bigint':
			return 1n;
		case 'bytes':
			return new ArrayBuffer(0);
		case 'string':
		case 'any':
			return 'x';
	}
}

export function call(as: Server | Person, fn: PublicFunction, args: Arguments): Promise<unknown> {
	const [key, ...path] = fn.name.split('.').reverse();
	let node = api as unknown as Record<string, never>;
	for (const part of path.reverse()) node = node[part]!;
	const reference = node[key!] as unknown as FunctionReference<Kind, 'public'>;
	const run = as[fn.kind] as (ref: unknown, args: unknown) => Promise<unknown>;
	return run(reference, args);
}

function isRegistered(value: unknown): value is Registered {
	return typeof value === 'function' && 'exportArgs' in value;
}

function kindOf(one: Registered): Kind {
	if (one.isQuery) return 'query';
	return one.isMutation ? 'mutation' : 'action';
}
