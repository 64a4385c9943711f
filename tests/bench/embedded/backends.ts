/** The two sides of the benchmark, each called in process, without a network between. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeFunctionReference } from 'convex/server';
import { convexToJson, jsonToConvex, type Value } from 'convex/values';
import { convexTest } from 'convex-test';
import { createFunctionRunner } from '../../../src/lib/server/embedded/functions/functions.ts';
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import type { Clock, FunctionOutcome, JsonValue } from '../../../src/lib/server/embedded/types.ts';
import schema from './convex/schema.ts';

type Args = Record<string, Value>;

export interface Backend {
	query<T>(path: string, args: Args): Promise<T>;
	mutation<T>(path: string, args: Args): Promise<T>;
	close(): Promise<void>;
}

const clock: Clock = {
	now: () => Date.now(),
	setTimeout(run, ms) {
		const timer = setTimeout(run, ms);
		return { cancel: () => clearTimeout(timer) };
	},
};

/** Must be opened before the embedded one, which lets it answer outside of functions of its own. */
export function openConvexTest(): Backend {
	const modules = {
		'./convex/notes.ts': () => import('./convex/notes.ts'),
		// convex-test finds the folder's root by this name.
		'./convex/_generated/api.js': async () => ({}),
	};
	const t = convexTest({ schema, modules });
	return {
		query: (path, args) => t.query(makeFunctionReference<'query'>(path), args),
		mutation: (path, args) => t.mutation(makeFunctionReference<'mutation'>(path), args),
		close: async () => {},
	};
}

/** @param folder kept after; default: one of its own, removed with it */
export async function openEmbedded(folder?: string): Promise<Backend> {
	const dataDir = folder ?? mkdtempSync(path.join(tmpdir(), 'tributary-bench-embedded-'));
	const storage = openStorage({
		file: path.join(dataDir, 'convex.sqlite'),
		clock,
		synchronous: 'FULL',
	});
	const runner = await createFunctionRunner({
		storage,
		folder: path.join(import.meta.dirname, 'convex'),
		env: {},
		clock,
		log: (event, fields) => console.error(event, fields),
		siteUrl: 'http://app.example.test',
		dataDir,
		showErrors: true,
	});
	const call = (functionPath: string, args: Args) => ({
		component: '',
		path: functionPath,
		args: convexToJson(args) as JsonValue,
		caller: { identity: null, isAdmin: false },
	});
	return {
		query: async <T>(functionPath: string, args: Args) =>
			valueOf<T>((await runner.runQueries([call(functionPath, args)]))[0]!.outcome),
		mutation: async <T>(functionPath: string, args: Args) =>
			valueOf<T>((await runner.runMutation(call(functionPath, args))).outcome),
		async close() {
			await runner.stop();
			await storage.close();
			if (!folder) rmSync(dataDir, { recursive: true, force: true });
		},
	};
}

function valueOf<T>(outcome: FunctionOutcome): T {
	if (!outcome.ok) throw new Error(outcome.failure.message);
	return jsonToConvex(outcome.value) as T;
}
