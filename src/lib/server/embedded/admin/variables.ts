/** Deployment variables: what `convex env` sets and functions see as `process.env`. Kept in the store. */
import { FunctionError } from '../types.ts';

export interface VariableChange {
	name: string;
	/** null removes it. */
	value: string | null;
}

export type Variables = Record<string, string>;

/** Small durable facts, as `Storage` keeps them. */
export interface FactStore {
	getMeta(key: string): string | null;
	setMeta(key: string, value: string): void;
}

/** Limits, codes and texts of real deployments (`environment_variables` of the open-source backend). */
const NAME = /^[a-zA-Z_]+[a-zA-Z0-9_]*$/;
const MAX_NAME_CHARACTERS = 40;
const MAX_VALUE_BYTES = 8 * 1024;
const MAX_VARIABLES = 100;
const BUILT_IN = new Set(['CONVEX_CLOUD_URL', 'CONVEX_SITE_URL']);

const FACT = 'environmentVariables';

export function loadVariables(store: FactStore): Variables {
	const stored = store.getMeta(FACT);
	return stored === null ? {} : (JSON.parse(stored) as Variables);
}

export function saveVariables(store: FactStore, variables: Variables): void {
	const text = JSON.stringify(variables);
	if (store.getMeta(FACT) !== text) store.setMeta(FACT, text);
}

/** @throws FunctionError with the codes of real deployments; nothing is changed then */
export function changeVariables(
	variables: Variables,
	changes: readonly VariableChange[],
): Variables {
	const next = new Map(Object.entries(variables));
	const seen = new Set<string>();
	for (const { name, value } of changes) {
		checkName(name);
		if (seen.has(name)) {
			throw new FunctionError(
				'EnvVarNameNotUnique',
				`An environment variable with name "${name}" already exists`,
			);
		}
		seen.add(name);
		if (value === null) next.delete(name);
		else next.set(name, checkedValue(value));
	}
	if (next.size > MAX_VARIABLES) {
		throw new FunctionError(
			'EnvVarLimitMet',
			`The environment variable limit (${MAX_VARIABLES}) has been met.`,
		);
	}
	return Object.fromEntries(next);
}

/** To set all of them. */
export function toChanges(variables: Variables): VariableChange[] {
	return Object.entries(variables).map(([name, value]) => ({ name, value }));
}

function checkName(name: string): void {
	if (!NAME.test(name)) {
		throw new FunctionError(
			'EnvironmentVariableNameInvalid',
			`The environment variable name ${name} is invalid. Environment variable names must begin with a letter and may only include characters a-z, A-Z, 0-9, and underscores.`,
		);
	}
	if (name.length > MAX_NAME_CHARACTERS) {
		throw new FunctionError(
			'EnvironmentVariableNameTooLong',
			`The environment variable name ${name} is too long. Environment variable names must be less than ${MAX_NAME_CHARACTERS}.`,
		);
	}
	if (BUILT_IN.has(name)) {
		throw new FunctionError(
			'EnvVarNameForbidden',
			`Environment variable with name "${name}" is built-in and cannot be overridden`,
		);
	}
}

function checkedValue(value: string): string {
	const bytes = Buffer.byteLength(value);
	if (bytes <= MAX_VALUE_BYTES) return value;
	throw new FunctionError(
		'EnvironmentVariableValueTooLarge',
		`The environment variable value is ${bytes} bytes, which is too large. (max size: ${MAX_VALUE_BYTES})`,
	);
}
