/** From bundles to a deployment ready to serve: load and validate. Changes nothing that serves. */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Bundles, StoredDefinition } from './bundleStore.ts';
import { childPath, findFunction, type ComponentInstance, type Deployment } from './components.ts';
import type { ComponentDefinition, EnvValue } from './definitions.ts';
import type { FunctionHandles } from '../functions/functionHandles.ts';
import { forgetInstance, registerInstance } from '../functions/instanceRuntime.ts';
import { checkValidators, knownOf } from './loadedFunctions.ts';
import { loadModules, type LoadOptions } from './loader.ts';
import { PushError } from './pushError.ts';
import type { ComponentPath } from '../types.ts';
import { explainMismatch, parseValidator } from '../storage/validators.ts';

export interface PushOptions {
	bundles: Bundles;
	version: number;
	handles: FunctionHandles;
	/** The app's environment, CONVEX_SITE_URL and CONVEX_CLOUD_URL included. */
	env: Record<string, string>;
	/** Runs user code outside of functions. */
	evaluate: LoadOptions['evaluate'];
}

/** Variables every component has, whatever its parent passes. */
const SYSTEM_VARIABLES = ['CONVEX_SITE_URL', 'CONVEX_CLOUD_URL'];

/** @throws PushError */
export async function buildDeployment(options: PushOptions): Promise<Deployment> {
	const { bundles, version, handles, env: appEnv } = options;
	const definitions = new Map(bundles.definitions.map((one) => [one.folder, one]));
	const deployment: Deployment = { version, handles, components: new Map(), instanceKeys: [] };
	const load = instanceLoader(options, deployment);
	try {
		const mount = async (
			at: ComponentPath,
			definition: StoredDefinition,
			env: Record<string, string>,
		): Promise<void> => {
			deployment.components.set(at, await load(at, definition, env));
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
		const app = bundles.definitions[0]!;
		checkVariables(app, 'The app', appEnv);
		await mount('', app, appEnv);
		validateCrons(deployment);
		// Bundles are kept only after they were found fit; what others declare is read when it is needed.
		if (bundles.wasBundled) {
			for (const { functions } of deployment.components.values()) {
				await checkValidators(functions.values());
			}
		}
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

/** Imports all that was not needed yet, before its files are removed. What fails here would have failed when called. */
export async function loadRest({ components }: Deployment): Promise<void> {
	const parts = [...components.values()].flatMap(({ functions, router }) => [
		router?.(),
		...[...functions.values()].map((found) => found.load()),
	]);
	await Promise.allSettled(parts);
}

function instanceLoader({ bundles, evaluate }: PushOptions, deployment: Deployment) {
	const { folder, definitions } = bundles;
	const loaded = new Set<StoredDefinition>();
	return async (
		at: ComponentPath,
		definition: StoredDefinition,
		env: Record<string, string>,
	): Promise<ComponentInstance> => {
		let modulesFolder = path.join(folder, definition.subfolder);
		if (loaded.has(definition)) {
			// Mounted twice: modules of its own, with a state and an environment of their own.
			const copy = path.join(folder, String(definitions.length + deployment.components.size));
			rmSync(copy, { recursive: true, force: true });
			cpSync(modulesFolder, copy, { recursive: true });
			modulesFolder = copy;
		}
		loaded.add(definition);
		deployment.instanceKeys.push(registerInstance(modulesFolder, env));
		const modules = await loadModules({
			modules: definition.modules,
			folder: modulesFolder,
			known: definition.functions,
			evaluate,
		});
		definition.functions ??= [...modules.functions.values()].map(knownOf);
		return { path: at, definition, env, ...modules };
	};
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
	checkVariables(definition, `Component "${name}"`, env);
	return env;
}

function checkVariables(
	{ variables }: ComponentDefinition,
	who: string,
	env: Record<string, string>,
): void {
	const missing = variables.filter(({ name, isOptional }) => !isOptional && !(name in env));
	if (missing.length > 0) {
		throw new PushError(
			'InvalidComponent',
			'convex.config',
			`${who} needs ${missing.map(({ name }) => name).join(', ')}. Set it on the deployment; components get it by app.use(x, { env }).`,
		);
	}
	for (const { name, validator } of variables) {
		if (!(name in env)) continue;
		// The value itself may be a secret: only what is wanted is told.
		if (explainMismatch(parseValidator(validator), env[name]!, () => null) === null) continue;
		throw new PushError(
			'InvalidComponent',
			'convex.config',
			`${name} of ${who[0]!.toLowerCase() + who.slice(1)} has a value that its declaration refuses: ${JSON.stringify(validator)}. Change one of them.`,
		);
	}
}

function validateCrons(deployment: Deployment): void {
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
