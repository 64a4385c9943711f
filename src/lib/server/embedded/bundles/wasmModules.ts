/** `import module from './x.wasm'` gives a compiled WebAssembly.Module, as with the official bundler (bundler/wasm.ts). */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plugin } from 'esbuild';

const COMPILED = 'wasm-module';
/** Inputs of this namespace are files; its prefix stands before their paths in esbuild's metafile. */
export const WASM_BYTES = 'wasm-bytes';

export function wasmModules(): Plugin {
	return {
		name: 'convex-wasm-modules',
		setup(build) {
			build.onResolve({ filter: /\.wasm$/ }, async (args) => {
				if (args.namespace === COMPILED) return { path: args.path, namespace: WASM_BYTES };
				if (args.pluginData === 'resolving' || args.resolveDir === '') return;
				if (args.path.startsWith('.') || path.isAbsolute(args.path)) {
					return { path: path.resolve(args.resolveDir, args.path), namespace: COMPILED };
				}
				const { path: found, errors } = await build.resolve(args.path, {
					kind: args.kind,
					resolveDir: args.resolveDir,
					importer: args.importer,
					pluginData: 'resolving',
				});
				return errors.length > 0 ? { errors } : { path: found, namespace: COMPILED };
			});
			build.onLoad({ filter: /.*/, namespace: COMPILED }, ({ path: file }) => ({
				contents: `import bytes from ${JSON.stringify(file)}; export default new WebAssembly.Module(bytes);`,
			}));
			build.onLoad({ filter: /.*/, namespace: WASM_BYTES }, async ({ path: file }) => ({
				// esbuild's own loader for bytes counts on Uint8Array.fromBase64, which Node 24 does not have.
				contents: `export default Uint8Array.from(atob(${JSON.stringify(await readFile(file, 'base64'))}), (c) => c.charCodeAt(0));`,
				loader: 'js',
			}));
		},
	};
}
