/** Imports the modules of one component instance and collects what they declare. */
import path from 'node:path';
import type { BundledModule } from './bundle.ts';
import { readCrons, type CronSpec } from './cronSpecs.ts';
import { readRouter, type HttpRouter } from './httpRoutes.ts';
import { collectFunctions, type LoadedFunction } from './loadedFunctions.ts';
import { importFile } from './nativeImport.ts';
import { PushError } from './pushError.ts';
import type { JsonValue, SchemaDefinition } from './types.ts';

export interface LoadedModules {
	functions: Map<string, LoadedFunction>;
	schema: SchemaDefinition;
	crons: CronSpec[];
	/** null without http.ts. */
	router: HttpRouter | null;
	authProviders: JsonValue[];
}

/** @param folder where the modules lie; one per push and instance, since Node never forgets a module */
export async function loadModules(
	modules: BundledModule[],
	folder: string,
): Promise<LoadedModules> {
	const loaded: LoadedModules = {
		functions: new Map(),
		schema: null,
		crons: [],
		router: null,
		authProviders: [],
	};
	for (const { module, file, environment } of modules) {
		const exports = await importModule(module, path.join(folder, file));
		if (module === 'schema') loaded.schema = readSchema(exports.default);
		else if (module === 'auth.config') loaded.authProviders = readAuthProviders(exports.default);
		else {
			if (module === 'http') loaded.router = readRouter(exports.default);
			if (module === 'crons') loaded.crons = readCrons(exports.default);
			for (const found of collectFunctions(module, environment, exports)) {
				loaded.functions.set(found.path, found);
			}
		}
	}
	return loaded;
}

async function importModule(module: string, file: string): Promise<Record<string, unknown>> {
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
