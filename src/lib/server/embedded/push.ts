/** From a convex folder to a deployment ready to serve: bundle, load, validate. Changes nothing that serves. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleFolder, type Bundle } from './bundle.ts';
import { childPath, findFunction, type ComponentInstance, type Deployment } from './components.ts';
import { readDefinitions, type ComponentDefinition, type EnvValue } from './definitions.ts';
import { forgetInstance, registerInstance } from './instanceRuntime.ts';
import { loadBundle } from './loader.ts';
import { importFile } from './nativeImport.ts';
import { PushError } from './pushError.ts';
import type { ComponentPath } from './types.ts';

export interface PushOptions {
	/** Absolute. */
	folder: string;
	version: number;
	/** The app's environment, CONVEX_SITE_URL and CONVEX_CLOUD_URL included. */
	env: Record<string, string>;
	/** Bundles of this process go into a folder of its own below. */
	outFolder: string;
}

/** Variables every component has, whatever its parent passes. */
const SYSTEM_VARIABLES = ['CONVEX_SITE_URL', 'CONVEX_CLOUD_URL'];

/** @throws PushError */
export async function buildDeployment(options: PushOptions): Promise<Deployment> {
	const { folder, version, outFolder } = options;
	const versionFolder = path.join(outFolder, `v${version}`);
	rmSync(versionFolder, { recursive: true, force: true });
	mkdirSync(versionFolder, { recursive: true, mode: 0o700 });
	writeFileSync(path.join(versionFolder, 'package.json'), '{"type":"module"}\n');
	const deployment: Deployment = { version, components: new Map(), instanceKeys: [] };
	try {
		const definitions = await readDefinitions(folder, configEvaluator(versionFolder));
		const bundles = new Map<string, Bundle>();
		await Promise.all(
			[...definitions.keys()].map(async (at) =>
				bundles.set(at, await bundleFolder(at, at === folder)),
			),
		);
		const mount = async (
			at: ComponentPath,
			definition: ComponentDefinition,
			env: Record<string, string>,
		): Promise<void> => {
			const bundle = bundles.get(definition.folder)!;
			deployment.components.set(
				at,
				await loadInstance(deployment, versionFolder, at, definition, bundle, env),
			);
			for (const child of definition.children) {
				const childAt = childPath(at, child.name);
				if (deployment.components.has(childAt)) {
					throw new PushError(
						'InvalidComponent',
						'convex.config',
						`Two components are mounted as "${child.name}". Give one another name: app.use(x, { name }).`,
					);
				}
				const childDefinition = definitions.get(child.folder)!;
				await mount(
					childAt,
					childDefinition,
					childEnv(childDefinition, child.name, child.env, env),
				);
			}
		};
		const app = definitions.get(folder)!;
		requireVariables(app, 'The app', options.env);
		await mount('', app, options.env);
		validate(deployment);
		return deployment;
	} catch (error) {
		discardDeployment(deployment);
		throw error;
	}
}

/** Frees what can be freed; Node keeps the modules themselves. */
export function discardDeployment(deployment: Deployment): void {
	for (const key of deployment.instanceKeys) forgetInstance(key);
}

/** Bundles of versions that no longer serve; modules already imported do not need their files. */
export function removeOldBundles(outFolder: string, keepVersion: number): void {
	for (const name of readdirSync(outFolder)) {
		if (/^v\d+$/.test(name) && name !== `v${keepVersion}`) {
			rmSync(path.join(outFolder, name), { recursive: true, force: true });
		}
	}
}

async function loadInstance(
	deployment: Deployment,
	versionFolder: string,
	at: ComponentPath,
	definition: ComponentDefinition,
	bundle: Bundle,
	env: Record<string, string>,
): Promise<ComponentInstance> {
	const index = deployment.components.size;
	const folder = path.join(versionFolder, String(index));
	const keys = { isolate: `${folder}#isolate`, node: `${folder}#node` };
	deployment.instanceKeys.push(keys.isolate, keys.node);
	registerInstance(keys.isolate, { env, isNode: false });
	registerInstance(keys.node, { env, isNode: true });
	return { path: at, definition, env, ...(await loadBundle(bundle, folder, keys)) };
}

function childEnv(
	definition: ComponentDefinition,
	name: string,
	given: [string, EnvValue][],
	parent: Record<string, string>,
): Record<string, string> {
	const env: Record<string, string> = {};
	for (const variable of SYSTEM_VARIABLES) env[variable] = parent[variable] ?? '';
	for (const [variable, value] of given) {
		const text = value.type === 'value' ? value.value : parent[value.name];
		if (text !== undefined) env[variable] = text;
	}
	requireVariables(definition, `Component "${name}"`, env);
	return env;
}

function requireVariables(
	definition: ComponentDefinition,
	who: string,
	env: Record<string, string>,
): void {
	const missing = definition.requiredEnv.filter((variable) => !(variable in env));
	if (missing.length === 0) return;
	throw new PushError(
		'InvalidComponent',
		'convex.config',
		`${who} needs ${missing.join(', ')}. Set it on the deployment; components get it by app.use(x, { env }).`,
	);
}

function configEvaluator(versionFolder: string) {
	let count = 0;
	return async (source: string, folder: string) => {
		const file = path.join(versionFolder, `definition${count++}.js`);
		writeFileSync(file, source);
		try {
			return await importFile(file);
		} catch (error) {
			const why = error instanceof Error ? error.message : String(error);
			throw new PushError('InvalidComponent', 'convex.config', `${path.basename(folder)}: ${why}`);
		}
	};
}

function validate(deployment: Deployment): void {
	for (const { path: component, crons } of deployment.components.values()) {
		for (const { id, path: functionPath } of crons) {
			const found = findFunction(deployment, { component, path: functionPath });
			if (!found || found.kind === 'query') {
				const why = found ? 'is a query; crons run mutations and actions' : 'does not exist';
				throw new PushError('InvalidCrons', 'crons', `"${id}" runs ${functionPath}, which ${why}.`);
			}
		}
	}
}
