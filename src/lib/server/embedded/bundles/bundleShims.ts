/** esbuild plugins: what a few special imports become inside bundles. */
import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

const BUILTIN = new RegExp(
	`^(node:.+|(${builtinModules.filter((name) => !name.startsWith('_')).join('|')})(/.+)?)$`,
);
const ASYNC_HOOKS = /^(node:)?async_hooks$/;
const SERVER_ONLY = /^server-only$/;

export function isNodeBuiltin(specifier: string): boolean {
	return BUILTIN.test(specifier);
}

/** @param refuseBuiltins built-ins become modules that throw when they are imported at run time */
export function isolateShims(refuseBuiltins: boolean): Plugin {
	return {
		name: 'convex-isolate-shims',
		setup(build) {
			virtualModule(
				build,
				ASYNC_HOOKS,
				'async-hooks-shim',
				() => `
				export const { AsyncLocalStorage, AsyncResource } = globalThis.__convexRuntime;
				export default { AsyncLocalStorage, AsyncResource };`,
			);
			virtualModule(build, SERVER_ONLY, 'server-only-stub', () => 'export {};');
			if (!refuseBuiltins) return;
			virtualModule(
				build,
				BUILTIN,
				'refused-builtin',
				(name) =>
					`throw new Error(${JSON.stringify(`"${name}" needs Node: import it from a file with "use node" at the top.`)});`,
			);
		},
	};
}

/** `import process from "node:process"` must not bring back the host's environment. */
export function nodeShims(): Plugin {
	return {
		name: 'convex-node-shims',
		setup(build) {
			virtualModule(build, SERVER_ONLY, 'server-only-stub', () => 'export {};');
			virtualModule(
				build,
				/^(node:)?process$/,
				'process-shim',
				() => `
				export default __convexProcess;
				export const { env, argv, arch, platform, version, versions, pid } = __convexProcess;
				export const cwd = () => __convexProcess.cwd();
				export const hrtime = __convexProcess.hrtime;
				export const nextTick = __convexProcess.nextTick;
				export const memoryUsage = __convexProcess.memoryUsage;`,
			);
		},
	};
}

function virtualModule(
	build: Parameters<Plugin['setup']>[0],
	filter: RegExp,
	namespace: string,
	contents: (specifier: string) => string,
): void {
	build.onResolve({ filter }, ({ path }) => ({ path, namespace }));
	build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
		contents: contents(path),
		loader: 'js',
	}));
}
