/** Bundles a convex folder with the settings of the official bundler (convex/src/bundler/debugBundle.ts). */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { nodeShims, isolateShims } from './bundleShims.ts';
import {
	externalPackages,
	findExternalPackages,
	type ExternalPackage,
} from './externalPackages.ts';
import { generatedModules } from './generatedModules.ts';
import { missingName, NODE_GLOBALS } from '../functions/nodeGlobals.ts';
import { WASM_BYTES, wasmModules } from './wasmModules.ts';
import { explainBuildFailure } from './bundleErrors.ts';
import { CHUNKS_FOLDER, findEntryPoints, toPosix, type ModuleEnvironment } from './entryPoints.ts';
import { PushError } from './pushError.ts';
import { sourceRootOf } from '../functions/stackTraces.ts';

export interface BundledModule {
	/** Function path prefix, e.g. 'sync/run'; also 'schema' and 'auth.config'. */
	module: string;
	/** Relative to where `files` are written. */
	file: string;
	environment: ModuleEnvironment;
}

export interface Bundle {
	/** Relative path -> text. */
	files: Map<string, string>;
	modules: BundledModule[];
	/** Imported by modules of Node as they are installed. */
	externals: ExternalPackage[];
	/** Absolute paths of all that was read. */
	inputs: Set<string>;
}

const OUT = '.out';

/** @param folder absolute; of the app or of a component's definition */
export async function bundleFolder(folder: string, isRoot: boolean): Promise<Bundle> {
	if (!existsSync(folder)) {
		throw new PushError('FolderMissing', null, `There is no folder ${path.basename(folder)}.`);
	}
	const entries = findEntryPoints(folder).map(({ file, module, environment }) => ({
		file,
		module,
		environment,
	}));
	for (const module of isRoot ? ['schema', 'auth.config'] : ['schema']) {
		const file = ['.ts', '.js'].map((ext) => path.join(folder, module + ext)).find(existsSync);
		if (file) entries.push({ file, module, environment: 'isolate' });
	}
	const bundle: Bundle = {
		files: new Map(),
		modules: [],
		externals: isRoot ? findExternalPackages(folder) : [],
		inputs: new Set(),
	};
	for (const environment of ['isolate', 'node'] as const) {
		const part = entries.filter((entry) => entry.environment === environment);
		if (part.length === 0) continue;
		if (environment === 'node' && !isRoot) {
			throw new PushError(
				'UseNodeNotAllowed',
				toPosix(path.relative(folder, part[0]!.file)),
				'"use node" is not supported in components. Remove it.',
			);
		}
		const built = await build(
			folder,
			part.map(({ file }) => file),
			environment,
			bundle.externals,
		);
		for (const [file, text] of built.files) bundle.files.set(file, text);
		for (const input of built.inputs) bundle.inputs.add(input);
		for (const { module, file } of part) {
			const output = toPosix(path.relative(folder, file)).replace(/\.[^.]+$/, '.js');
			bundle.modules.push({ module, file: output, environment });
		}
	}
	return bundle;
}

async function build(
	folder: string,
	files: string[],
	environment: ModuleEnvironment,
	externals: ExternalPackage[],
): Promise<{ files: Map<string, string>; inputs: string[] }> {
	const options = buildOptions(folder, environment);
	const plugins = (refuseBuiltins: boolean): esbuild.Plugin[] => [
		generatedModules(folder),
		...(environment === 'isolate'
			? [isolateShims(refuseBuiltins)]
			: [nodeShims(), externalPackages(externals)]),
		wasmModules(),
	];
	try {
		let result = await esbuild.build({
			...options,
			entryPoints: files,
			plugins: plugins(false),
		});
		// A dynamic import or a require in a try block survives as an external import: here it would succeed, on Convex
		// it fails. Make it fail here too.
		if (environment === 'isolate' && hasExternalImports(result.metafile)) {
			result = await esbuild.build({
				...options,
				entryPoints: files,
				plugins: plugins(true),
			});
		}
		const root = path.join(folder, OUT);
		const outputs = result.outputFiles.map(
			(file) => [toPosix(path.relative(root, file.path)), file.text] as const,
		);
		return { files: new Map(outputs), inputs: inputsOf(result.metafile, folder) };
	} catch (error) {
		throw await explainBuildFailure(error, folder, files, (file) =>
			esbuild.build({ ...options, entryPoints: [file], plugins: plugins(false) }),
		);
	}
}

function buildOptions(folder: string, environment: ModuleEnvironment) {
	const isIsolate = environment === 'isolate';
	return {
		absWorkingDir: folder,
		bundle: true,
		platform: isIsolate ? 'browser' : 'node',
		format: 'esm',
		target: 'esnext',
		jsx: 'automatic',
		outdir: OUT,
		outbase: folder,
		conditions: ['convex', 'module'],
		write: false,
		splitting: true,
		// Node and isolate chunks never meet, so that no Node built-in leaks into a default-runtime module.
		chunkNames: isIsolate ? `${CHUNKS_FOLDER}/[hash]` : `${CHUNKS_FOLDER}/node/[hash]`,
		treeShaking: true,
		minifySyntax: true,
		keepNames: true,
		// Beside the bundles, and read only when an error is told.
		sourcemap: 'external',
		sourcesContent: false,
		sourceRoot: sourceRootOf(folder, OUT),
		metafile: true,
		logLevel: 'silent',
		banner: { js: isIsolate ? ISOLATE_BANNER : NODE_BANNER },
		define: isIsolate ? ISOLATE_DEFINES : NODE_DEFINES,
	} as const satisfies esbuild.BuildOptions;
}

/** Absolute paths; what plugins made up is left out. */
export function inputsOf(metafile: esbuild.Metafile, folder: string): string[] {
	return Object.keys(metafile.inputs)
		.map((input) => path.resolve(folder, input.replace(`${WASM_BYTES}:`, '')))
		.filter(existsSync);
}

function hasExternalImports(metafile: esbuild.Metafile): boolean {
	return Object.values(metafile.outputs).some((output) =>
		output.imports.some((imported) => imported.external),
	);
}

/** Gives the module its `process`: with the environment of the instance it belongs to, never the host's. */
const processBanner = (isNode: boolean) =>
	`const __convexProcess = globalThis.__convexRuntime.process(import.meta.url, ${isNode});`;
const ISOLATE_BANNER = processBanner(false);
/** CommonJS dependencies of "use node" files call require for Node's own modules. */
const NODE_BANNER = [
	'import { createRequire as __convexCreateRequire } from "node:module";',
	'const require = __convexCreateRequire(import.meta.url);',
	processBanner(true),
].join(' ');

const NODE_DEFINES = {
	'process.env.NODE_ENV': '"production"',
	process: '__convexProcess',
	'globalThis.process': '__convexProcess',
};
/** Code of the default runtime that looks for what only Node has must not find it, and fails when it uses it. */
const ISOLATE_DEFINES = { ...NODE_DEFINES, ...missingGlobals() };

function missingGlobals(): Record<string, string> {
	const defines: Record<string, string> = {};
	for (const name of NODE_GLOBALS) {
		// An identifier that nobody defines: `typeof` of it is 'undefined', any other use throws.
		defines[name] = missingName(name);
		defines[`globalThis.${name}`] = 'undefined';
	}
	return defines;
}
