/** `globalThis.__convexRuntime`: what bundles ask for at their first line, by where they lie. */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';

interface InstanceRuntime {
	process(moduleUrl: string, isNode: boolean): object;
	AsyncLocalStorage: typeof AsyncLocalStorage;
	AsyncResource: typeof AsyncResource;
	/** URL of an instance's folder -> what its functions see as `process.env`. */
	environments: Map<string, Record<string, string>>;
	/** Folders of bundles that this process has imported from. */
	usedFolders: Set<string>;
}

declare global {
	var __convexRuntime: InstanceRuntime | undefined;
}

// A second copy of this module in one process (a bundled server beside its sources) shares the maps of the first.
const runtime = (globalThis.__convexRuntime ??= {
	process: processOf,
	AsyncLocalStorage,
	AsyncResource,
	environments: new Map(),
	usedFolders: new Set(),
});

/** @param folder of the instance's modules. Must happen before they are imported. Returns the key to forget it by. */
export function registerInstance(folder: string, env: Record<string, string>): string {
	// As Node names the modules in it: without symbolic links.
	const key = pathToFileURL(realpathSync(folder)).href;
	runtime.environments.set(key, env);
	return key;
}

export function forgetInstance(key: string): void {
	runtime.environments.delete(key);
}

/**
 * False when this process has imported from the folder before: Node would answer with the modules it knows, which
 * belong to another instance.
 */
export function claimFolder(folder: string): boolean {
	if (runtime.usedFolders.has(folder)) return false;
	runtime.usedFolders.add(folder);
	return true;
}

function environmentOf(moduleUrl: string): Record<string, string> {
	const { environments } = globalThis.__convexRuntime!;
	for (let at = moduleUrl.lastIndexOf('/'); at > 0; at = moduleUrl.lastIndexOf('/', at - 1)) {
		const env = environments.get(moduleUrl.slice(0, at));
		if (env) return env;
	}
	throw new Error('These functions belong to a deployment that is closed.');
}

function processOf(moduleUrl: string, isNode: boolean): object {
	// A copy per file: what one module writes there is not seen by another.
	const env = { ...environmentOf(moduleUrl) };
	if (!isNode) {
		// As Convex prints it: its values are secrets.
		Object.defineProperty(env, inspect.custom, { value: () => '[process.env]' });
		return { env };
	}
	return new Proxy(process, {
		get(target, name) {
			if (name === 'env') return env;
			const value: unknown = Reflect.get(target, name, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
}
