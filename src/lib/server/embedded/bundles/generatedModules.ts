/**
 * `_generated/server` and `_generated/api` as modules of the bundler: the official CLI writes them before it bundles, so
 * what a folder brings (nothing, types only, or files of an older version) must not decide whether it can be pushed.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { OnResolveArgs, Plugin, PluginBuild } from 'esbuild';

const GENERATED = /(^|\/)_generated\/(api|server|dataModel)(\.[cm]?[jt]s)?$/;
const NAMESPACE = 'convex-generated';
const NODE_MODULES = `${path.sep}node_modules${path.sep}`;

/** What the generator of `convex` 1.48 writes (cli/codegen_templates), without the types. */
const CONTENTS: Record<string, string> = {
	server: `
		export {
			queryGeneric as query,
			internalQueryGeneric as internalQuery,
			mutationGeneric as mutation,
			internalMutationGeneric as internalMutation,
			actionGeneric as action,
			internalActionGeneric as internalAction,
			httpActionGeneric as httpAction,
		} from 'convex/server';
		export const env = process.env;`,
	api: `
		import { anyApi, componentsGeneric } from 'convex/server';
		export const api = anyApi;
		export const internal = anyApi;
		export const components = componentsGeneric();`,
	dataModel: 'export {};',
};

/** @param folder absolute; of the app or of a component's definition. Installed packages keep what they ship. */
export function generatedModules(folder: string): Plugin {
	return {
		name: 'convex-generated-modules',
		setup(build) {
			build.onResolve({ filter: GENERATED }, async (args) => {
				if (args.pluginData === 'resolving') return;
				const at = await locate(build, folder, args);
				if (at === null || `${at}${path.sep}`.includes(NODE_MODULES)) return;
				const isOwn = path.dirname(path.dirname(at)) === folder;
				return isOwn || !isThere(at) ? { path: at, namespace: NAMESPACE } : undefined;
			});
			build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path: at }) => ({
				contents: CONTENTS[path.basename(at)]!,
				loader: 'js',
				resolveDir: path.dirname(path.dirname(at)),
			}));
		},
	};
}

/** Absolute path without extension; null when it leads nowhere near a `_generated` of ours. */
async function locate(
	build: PluginBuild,
	folder: string,
	args: OnResolveArgs,
): Promise<string | null> {
	const bare = args.path.replace(/\.[cm]?[jt]s$/, '');
	if (bare.startsWith('.')) return path.resolve(args.resolveDir, bare);
	// An alias of tsconfig.json, or a path from its baseUrl.
	const resolve = async (specifier: string) => {
		const found = await build.resolve(specifier, {
			kind: args.kind,
			resolveDir: args.resolveDir,
			importer: args.importer,
			pluginData: 'resolving',
		});
		return found.errors.length === 0 ? found.path : null;
	};
	const found = await resolve(args.path);
	if (found) return found.replace(/(\.d)?\.[cm]?[jt]s$/, '');
	// Nothing is there: does the alias lead to this folder? Then it leads to a file of it that is there.
	const sibling = readdirSync(folder).find((name) => /\.[cm]?[jt]sx?$/.test(name));
	const prefix = bare.slice(0, -`_generated/${path.basename(bare)}`.length);
	return sibling && (await resolve(prefix + sibling)) === path.join(folder, sibling)
		? path.join(folder, '_generated', path.basename(bare))
		: null;
}

function isThere(at: string): boolean {
	return ['.js', '.ts', '.mjs', '.mts', '.cjs'].some((extension) => existsSync(at + extension));
}
