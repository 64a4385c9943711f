/** Finds the registered functions among a module's exports. */
import type { ModuleEnvironment } from './entryPoints.ts';
import { PushError } from './pushError.ts';
import { FunctionError, type JsonValue } from '../types.ts';
import { parseValidator, type Validator } from '../storage/validators.ts';

export type FunctionKind = 'query' | 'mutation' | 'action';

/** What is known about a function without its module. */
export interface KnownFunction {
	/** 'module/path:export'. */
	path: string;
	kind: FunctionKind;
	isPublic: boolean;
}

export interface LoadedFunction extends KnownFunction {
	/** Imports its module, if that was not needed before. */
	load(): Promise<FunctionBody>;
}

export interface FunctionBody {
	readonly environment: ModuleEnvironment;
	/** Read when it is first asked for: those of a whole app take longer than all else there is to know about it. */
	readonly args: Validator;
	/** null: not declared. */
	readonly returns: Validator | null;
	/** @param argsJson JSON of `[argument]`. Resolves to the JSON of the value. */
	invoke(requestId: string, argsJson: string): Promise<string>;
}

/** What convex/server's builders put on the functions they return. */
interface Registered {
	isQuery?: true;
	isMutation?: true;
	isAction?: true;
	isPublic?: true;
	isInternal?: true;
	invokeQuery?(args: string): Promise<string>;
	invokeMutation?(args: string): Promise<string>;
	invokeAction?(requestId: string, args: string): Promise<string>;
	exportArgs?(): string;
	exportReturns?(): string;
}

/** @throws PushError for a query or mutation in a "use node" file */
export function collectFunctions(
	module: string,
	environment: ModuleEnvironment,
	exports: Record<string, unknown>,
): LoadedFunction[] {
	const found: LoadedFunction[] = [];
	for (const [name, value] of Object.entries(exports)) {
		if (typeof value !== 'function') continue;
		const registered = value as Registered;
		const kind = kindOf(registered);
		if (kind === null) continue;
		const path = `${module}:${name}`;
		if (environment === 'node' && kind !== 'action') {
			throw new PushError(
				'InvalidFunction',
				module,
				`\`${name}\` is a ${kind}. Only actions can be defined in a file with "use node": move it to another file.`,
			);
		}
		found.push(describe(path, kind, environment, registered));
	}
	return found;
}

function kindOf(value: Registered): FunctionKind | null {
	if (value.isQuery) return 'query';
	if (value.isMutation) return 'mutation';
	if (value.isAction) return 'action';
	return null;
}

export function knownOf({ path, kind, isPublic }: LoadedFunction): KnownFunction {
	return { path, kind, isPublic };
}

/** A function of a module that is not imported yet. @param open imports it, once, and finds its functions */
export function lazyFunction(
	known: KnownFunction,
	open: () => Promise<Map<string, LoadedFunction>>,
): LoadedFunction {
	return {
		...known,
		async load() {
			const found = (await open()).get(known.path);
			if (found?.kind === known.kind && found.isPublic === known.isPublic) return found.load();
			// Whoever may call it was decided by what it was when it was bundled.
			throw new FunctionError(
				'FunctionChanged',
				`${known.path} is declared otherwise than when it was bundled. What a module exports must not depend on its environment.`,
			);
		},
	};
}

/** For functions never served before. @throws PushError for unusable validators */
export async function checkValidators(functions: Iterable<LoadedFunction>): Promise<void> {
	for (const found of functions) {
		const { args, returns } = await found.load();
		void [args, returns];
	}
}

function describe(
	path: string,
	kind: FunctionKind,
	environment: ModuleEnvironment,
	value: Registered,
): LoadedFunction {
	let args: Validator | undefined;
	let returns: Validator | null | undefined;
	const body: FunctionBody = {
		environment,
		get args() {
			return (args ??= readArgs(path, value));
		},
		get returns() {
			if (returns !== undefined) return returns;
			return (returns = readValidator(path, 'returns', value.exportReturns?.() ?? 'null'));
		},
		invoke: invoker(kind, value),
	};
	return { path, kind, isPublic: value.isPublic === true, load: () => Promise.resolve(body) };
}

function readArgs(path: string, value: Registered): Validator {
	const args = readValidator(path, 'args', value.exportArgs?.() ?? '{"type":"any"}');
	if (args === null || (args.type !== 'object' && args.type !== 'any')) {
		throw invalid(path, 'Its args validator must be an object or any.');
	}
	return args;
}

function invoker(kind: FunctionKind, value: Registered): FunctionBody['invoke'] {
	if (kind === 'query') return (_requestId, args) => value.invokeQuery!(args);
	if (kind === 'mutation') return (_requestId, args) => value.invokeMutation!(args);
	return (requestId, args) => value.invokeAction!(requestId, args);
}

function readValidator(path: string, which: string, json: string): Validator | null {
	try {
		const parsed = JSON.parse(json) as JsonValue;
		return parsed === null ? null : parseValidator(parsed);
	} catch (error) {
		throw invalid(path, `Its ${which} validator cannot be used. ${(error as Error).message}`);
	}
}

function invalid(path: string, why: string): PushError {
	const [module, name] = path.split(':');
	return new PushError('InvalidFunction', module!, `\`${name}\`: ${why}`);
}
