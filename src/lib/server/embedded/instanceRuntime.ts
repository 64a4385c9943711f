/** `globalThis.__convexRuntime`: what bundles ask for at their first line, by the key of their component instance. */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

interface Instance {
	env: Record<string, string>;
	isNode: boolean;
}

interface InstanceRuntime {
	process(key: string): object;
	AsyncLocalStorage: typeof AsyncLocalStorage;
	AsyncResource: typeof AsyncResource;
	instances: Map<string, Instance>;
}

declare global {
	var __convexRuntime: InstanceRuntime | undefined;
}

// A second copy of this module in one process (a bundled server beside its sources) shares the map of the first.
const instances = (globalThis.__convexRuntime ??= {
	process: processOf,
	AsyncLocalStorage,
	AsyncResource,
	instances: new Map(),
}).instances;

/** Must happen before the instance's modules are imported. */
export function registerInstance(key: string, instance: Instance): void {
	instances.set(key, instance);
}

export function forgetInstance(key: string): void {
	instances.delete(key);
}

function processOf(key: string): object {
	const instance = globalThis.__convexRuntime!.instances.get(key);
	if (!instance) throw new Error('These functions belong to a deployment that is closed.');
	// A copy per file: what one module writes there is not seen by another.
	const env = { ...instance.env };
	if (!instance.isNode) return { env };
	return new Proxy(process, {
		get(target, name) {
			if (name === 'env') return env;
			const value: unknown = Reflect.get(target, name, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
}
