/** Reads `convex.config` files: which components an app mounts, under which names and with which environment. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { inputsOf } from './bundle.ts';
import { isolateShims } from './bundleShims.ts';
import { PushError } from './pushError.ts';
import type { JsonValue } from '../types.ts';

export interface ChildComponent {
	name: string;
	/** Absolute folder of the child's definition. */
	folder: string;
	env: [name: string, value: EnvValue][];
}

export type EnvValue = { type: 'value'; value: string } | { type: 'envVar'; name: string };

export interface ComponentDefinition {
	/** Absolute; what `convex.config` lies in. */
	folder: string;
	children: ChildComponent[];
	/** What the app's own routes lie below, with slashes at both ends; '/' when none is given, and in components. */
	httpPrefix: string;
	/** Path prefix with slashes at both ends -> child name. */
	httpMounts: [prefix: string, child: string][];
	variables: DeclaredVariable[];
}

/** Of `defineApp({ env })` and `defineComponent(name, { env })`. */
export interface DeclaredVariable {
	name: string;
	isOptional: boolean;
	/** A validator's JSON: of strings only, convex/server sees to that. */
	validator: JsonValue;
}

/** Evaluates a bundled config; given by the caller, who knows where files may be written. */
export type EvaluateConfig = (source: string, folder: string) => Promise<Record<string, unknown>>;

interface Exported {
	childComponents: { name: string; path: string; env: [string, EnvValue][] | null }[];
	httpMounts: Record<string, string>;
	envVars?: [string, { value: string; optional?: boolean }][];
	httpPrefix?: string;
}

const CONFIG_IMPORT = /convex\.config(\.[cm]?[jt]s)?$/;

/** All definitions reachable from `folder`, by folder, and all files read; the app itself is always among them. */
export async function readDefinitions(
	folder: string,
	evaluate: EvaluateConfig,
): Promise<{ definitions: Map<string, ComponentDefinition>; inputs: Set<string> }> {
	const inputs = new Set<string>();
	/** Each is read once, however many mount it, and side by side. */
	const names = new Map<string, Promise<string>>();
	const mounts = new Map<string, Set<string>>();
	const definitions = new Map<string, ComponentDefinition>();

	/** Before anything waits for the child: two that wait for each other would wait for ever. */
	function mount(parent: string, child: string): void {
		if (leadsTo(mounts, child, parent)) {
			throw new PushError(
				'InvalidComponent',
				null,
				`Component ${path.basename(child)} mounts itself. Break the circle.`,
			);
		}
		mounts.set(parent, (mounts.get(parent) ?? new Set()).add(child));
	}

	async function read(current: string, file: string, isRoot: boolean): Promise<string> {
		const bundled = await bundleConfig(file, async (child) => {
			const childFolder = path.dirname(child);
			mount(current, childFolder);
			const name = names.get(childFolder) ?? read(childFolder, child, false);
			names.set(childFolder, name);
			return { componentDefinitionPath: childFolder, defaultName: await name };
		});
		for (const input of bundled.inputs) inputs.add(input);
		const config = (await evaluate(bundled.source, current)).default as
			{ export?: () => Exported; _name?: string; _isRoot?: boolean } | undefined;
		if (typeof config?.export !== 'function' || config._isRoot !== isRoot) {
			const wanted = isRoot ? 'defineApp()' : 'defineComponent()';
			throw new PushError(
				'InvalidComponent',
				path.basename(file),
				`Its default export must come from ${wanted}.`,
			);
		}
		definitions.set(current, toDefinition(current, config.export()));
		return config._name ?? '';
	}

	const config = ['convex.config.ts', 'convex.config.js']
		.map((name) => path.join(folder, name))
		.find(existsSync);
	if (config) await read(folder, config, true);
	else {
		definitions.set(folder, {
			folder,
			children: [],
			httpPrefix: '/',
			httpMounts: [],
			variables: [],
		});
	}
	return { definitions, inputs };
}

function leadsTo(mounts: Map<string, Set<string>>, from: string, to: string): boolean {
	return from === to || [...(mounts.get(from) ?? [])].some((child) => leadsTo(mounts, child, to));
}

function toDefinition(folder: string, exported: Exported): ComponentDefinition {
	return {
		folder,
		children: exported.childComponents.map(({ name, path: childFolder, env }) => ({
			name,
			folder: childFolder,
			env: env ?? [],
		})),
		httpPrefix: exported.httpPrefix ?? '/',
		httpMounts: Object.entries(exported.httpMounts ?? {}).map(([prefix, reference]) => [
			prefix,
			reference.replace('_reference/childComponent/', ''),
		]),
		variables: (exported.envVars ?? []).map(([name, { value, optional }]) => ({
			name,
			isOptional: optional === true,
			validator: JSON.parse(value) as JsonValue,
		})),
	};
}

async function bundleConfig(
	file: string,
	describeChild: (
		file: string,
	) => Promise<{ componentDefinitionPath: string; defaultName: string }>,
): Promise<{ source: string; inputs: string[] }> {
	const folder = path.dirname(file);
	let failure: unknown = null;
	const children: esbuild.Plugin = {
		name: 'convex-component-definitions',
		setup(build) {
			build.onResolve({ filter: CONFIG_IMPORT }, async (args) => {
				if (args.kind === 'entry-point' || args.pluginData === 'resolving') return;
				const resolved = await resolveConfig(build, args);
				return resolved === null
					? undefined
					: { path: resolved, namespace: 'component-definition' };
			});
			build.onLoad({ filter: /.*/, namespace: 'component-definition' }, async ({ path: child }) => {
				try {
					return {
						contents: `export default ${JSON.stringify(await describeChild(child))};`,
						loader: 'js',
					};
				} catch (error) {
					failure = error;
					throw error;
				}
			});
		},
	};
	try {
		const result = await esbuild.build({
			absWorkingDir: folder,
			entryPoints: [file],
			bundle: true,
			platform: 'browser',
			format: 'esm',
			target: 'esnext',
			conditions: ['convex', 'module'],
			define: { 'process.env.NODE_ENV': '"production"' },
			write: false,
			metafile: true,
			logLevel: 'silent',
			plugins: [children, isolateShims(false)],
		});
		return {
			source: result.outputFiles[0]!.text,
			inputs: inputsOf(result.metafile, folder),
		};
	} catch (error) {
		// esbuild wraps what its plugins throw; the child's own failure says more.
		if (failure !== null) throw failure;
		const text = error instanceof Error ? error.message : String(error);
		throw new PushError('InvalidComponent', path.basename(file), text);
	}
}

/** Packages export './convex.config', './convex.config.js' or both; sources say either. */
async function resolveConfig(
	build: esbuild.PluginBuild,
	args: esbuild.OnResolveArgs,
): Promise<string | null> {
	const bare = args.path.replace(/\.[cm]?[jt]s$/, '');
	for (const candidate of new Set([args.path, `${bare}.js`, `${bare}.ts`, bare])) {
		const { path: found, errors } = await build.resolve(candidate, {
			kind: args.kind,
			resolveDir: args.resolveDir,
			importer: args.importer,
			pluginData: 'resolving',
		});
		if (found && errors.length === 0) return found;
	}
	return null;
}
