/** Imports the modules of one component instance and collects what they declare. */
import path from 'node:path';
import type { BundledModule } from './bundle.ts';
import { readCrons, type CronSpec } from '../scheduler/cronSpecs.ts';
import { readRouter, type HttpRouter } from '../functions/httpRoutes.ts';
import {
	collectFunctions,
	lazyFunction,
	type KnownFunction,
	type LoadedFunction,
} from './loadedFunctions.ts';
import { importFile } from '../functions/nativeImport.ts';
import { PushError } from './pushError.ts';
import type { JsonValue, SchemaDefinition } from '../types.ts';

export interface LoadedModules {
	functions: Map<string, LoadedFunction>;
	schema: SchemaDefinition;
	crons: CronSpec[];
	/** null without http.ts. */
	router: (() => Promise<HttpRouter>) | null;
	authProviders: JsonValue[];
}

export interface LoadOptions {
	modules: BundledModule[];
	/** Where the modules lie; one per push and instance, since Node never forgets a module. */
	folder: string;
	/** What is declared where, from an earlier load; then modules are imported when one of their functions is called. */
	known: KnownFunction[] | undefined;
	/** Runs user code outside of functions. */
	evaluate: <T>(run: () => T) => T;
}

type Exports = Record<string, unknown>;

/** @throws PushError */
export async function loadModules(options: LoadOptions): Promise<LoadedModules> {
	const { modules, folder, known, evaluate } = options;
	const loaded: LoadedModules = {
		functions: new Map(),
		schema: null,
		crons: [],
		router: null,
		authProviders: [],
	};
	for (const bundled of modules) {
		const { module, file } = bundled;
		const open = once(() => evaluate(() => importModule(module, path.join(folder, file))));
		if (module === 'schema') loaded.schema = readSchema((await open()).default);
		else if (module === 'auth.config') {
			loaded.authProviders = readAuthProviders((await open()).default);
		} else {
			if (module === 'crons') loaded.crons = readCrons((await open()).default);
			if (module === 'http') {
				loaded.router = once(async () => readRouter((await open()).default));
				if (!known) await loaded.router();
			}
			for (const found of await functionsOf(bundled, open, known)) {
				loaded.functions.set(found.path, found);
			}
		}
	}
	return loaded;
}

async function functionsOf(
	{ module, environment }: BundledModule,
	open: () => Promise<Exports>,
	known: KnownFunction[] | undefined,
): Promise<LoadedFunction[]> {
	if (!known) return collectFunctions(module, environment, await open());
	const openFunctions = once(async () => {
		const found = collectFunctions(module, environment, await open());
		return new Map(found.map((one) => [one.path, one]));
	});
	return known
		.filter(({ path: at }) => at.startsWith(`${module}:`))
		.map((one) => lazyFunction(one, openFunctions));
}

function once<T>(run: () => Promise<T>): () => Promise<T> {
	let result: Promise<T> | null = null;
	return () => (result ??= run());
}

async function importModule(module: string, file: string): Promise<Exports> {
	try {
		return await importFile(file);
	} catch (error) {
		const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
		throw new PushError('ImportFailed', module, `It failed while it was loaded. ${why}`);
	}
}

function readSchema(value: unknown): SchemaDefinition {
	const schema = value as { export?: () => string } | undefined;
	if (typeof schema?.export !== 'function') {
		throw new PushError(
			'InvalidSchema',
			'schema',
			'Its default export must come from defineSchema().',
		);
	}
	const parsed = JSON.parse(schema.export()) as NonNullable<SchemaDefinition>;
	return { tables: parsed.tables, schemaValidation: parsed.schemaValidation };
}

function readAuthProviders(value: unknown): JsonValue[] {
	const providers = (value as { providers?: unknown } | undefined)?.providers;
	if (!Array.isArray(providers)) {
		throw new PushError(
			'InvalidAuthConfig',
			'auth.config',
			'Its default export needs a list `providers`.',
		);
	}
	// Only data crosses to the edges; functions and undefined members are dropped.
	return JSON.parse(JSON.stringify(providers)) as JsonValue[];
}
