/** Runs the functions of a convex folder: the one implementation of `FunctionRunner`. */
import path from 'node:path';
import {
	changeVariables,
	loadVariables,
	saveVariables,
	toChanges,
	type VariableChange,
	type Variables,
} from '../admin/variables.ts';
import { BundleStore } from '../bundles/bundleStore.ts';
import { createAccess } from './fileAccess.ts';
import type { Deployment } from '../bundles/components.ts';
import { findFunction } from '../bundles/components.ts';
import { createEgressFetch } from './egressFetch.ts';
import { runOutside } from './execution.ts';
import { errorText } from './failures.ts';
import { FileStore } from './fileStore.ts';
import { FunctionEngine } from './functionEngine.ts';
import { FunctionHandles } from './functionHandles.ts';
import { installGlobals } from './globals.ts';
import { failJob } from '../scheduler/jobTable.ts';
import type { LoadedFunction } from '../bundles/loadedFunctions.ts';
import { respondToHttp } from './httpActions.ts';
import { buildDeployment, discardDeployment, loadRest } from '../bundles/push.ts';
import { PushError } from '../bundles/pushError.ts';
import type { EmbeddedFunctions, PushReport, RunnerOptions } from './runnerOptions.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { SerialQueue } from './serialQueue.ts';
import { installStrayErrorGuard, runLoading } from './strayErrors.ts';
import { runAction, runMutation, runQueries } from './topCalls.ts';
import { FunctionError, type Caller, type ComponentPath, type SchemaDefinition } from '../types.ts';

export type { EmbeddedFunctions, FileAccess, PushReport, RunnerOptions } from './runnerOptions.ts';
export { PushError } from '../bundles/pushError.ts';

/** Functions under way get this long when the server stops; what a client retries is safe, actions may be cut. */
const STOP_GRACE_MS = 5_000;
const ANONYMOUS: Caller = { identity: null, isAdmin: false };

/** Does the first push. @throws PushError when the folder does not load */
export async function createFunctionRunner(options: RunnerOptions): Promise<EmbeddedFunctions> {
	installGlobals();
	installStrayErrorGuard();
	const { storage, dataDir, siteUrl, cloudUrl = siteUrl, clock, log } = options;
	const bundleStore = new BundleStore(path.join(path.resolve(dataDir), 'functions'));
	const files = new FileStore(path.join(path.resolve(dataDir), 'files'), cloudUrl, storage);
	const handles = new FunctionHandles(storage);
	let variables = changeVariables(loadVariables(storage), toChanges(options.variables ?? {}));
	const envWith = (own: Variables) => ({
		...own,
		...options.env,
		CONVEX_SITE_URL: siteUrl,
		CONVEX_CLOUD_URL: cloudUrl,
	});

	let current: Deployment | null = null;
	let version = 0;
	const listeners = new Set<() => void>();
	const pushes = new SerialQueue();
	const deployment = (): Deployment => current!;

	const fetch = createEgressFetch({
		isOpen: options.egress === 'open',
		ownOrigins: [siteUrl, cloudUrl].map((url) => new URL(url).origin),
		ownFetch: (request) =>
			options.ownOriginFetch?.(request) ?? respondToHttp(engine, deployment(), request, ANONYMOUS),
	});
	const engine = new FunctionEngine(options, files, fetch, () => variables);
	const scheduler = new Scheduler(engine, deployment);
	engine.onJob = (job) => scheduler.arm(job);

	const evaluate = <T>(run: () => T): T => runOutside(() => runLoading(log, run));
	const pushSchemas = async (next: Deployment): Promise<void> => {
		try {
			await storage.pushSchemas(schemasOf(next));
		} catch (error) {
			throw error instanceof FunctionError
				? new PushError('SchemaViolation', 'schema', error.message)
				: error;
		}
	};

	const push = (changes: VariableChange[] = []): Promise<PushReport> =>
		pushes.run(async () => {
			const nextVariables = changeVariables(variables, changes);
			const env = envWith(nextVariables);
			const startMs = performance.now();
			const isUnchanged = current === null && (options.isReplacement ?? false);
			const bundles = await bundleStore.open(path.resolve(options.folder), isUnchanged);
			let next: Deployment | null = null;
			try {
				next = await buildDeployment({ bundles, version: version + 1, handles, env, evaluate });
				await pushSchemas(next);
				if (current) await loadRest(current);
			} catch (error) {
				if (next) discardDeployment(next);
				bundleStore.discard(bundles);
				throw error;
			}
			saveVariables(storage, nextVariables);
			variables = nextVariables;
			current = next;
			version++;
			// Functions still running on the version before have all their modules.
			try {
				bundleStore.keep(bundles);
			} catch (error) {
				// They serve all the same; the next start makes them again.
				log('functions.notKept', { error: errorText(error) });
			}
			for (const listener of listeners) listener();
			scheduler.reload();
			return {
				version,
				...summaryOf(next),
				wasBundled: bundles.wasBundled,
				durationMs: Math.round(performance.now() - startMs),
			};
		});

	await runOutside(() => push());

	return {
		push: () => runOutside(() => push()),
		variables: () => Promise.resolve(variables),
		updateVariables: (changes) => runOutside(async () => void (await push(changes))),
		importFile: async (request) =>
			(await import('../operate/importFile.ts')).importFile(storage, request),
		summary: () => Promise.resolve(summaryOf(deployment())),
		startScheduler: () => runOutside(() => scheduler.start()),
		async stop(graceMs = STOP_GRACE_MS) {
			scheduler.stop();
			let timer: { cancel(): void } | undefined;
			const grace = new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, graceMs)));
			await Promise.race([engine.idle(), grace]);
			timer?.cancel();
		},
		files: createAccess(engine),
		kindOf(component: ComponentPath, functionPath: string, isAdmin = false) {
			const found = findFunction(deployment(), { component, path: functionPath });
			return found && (isAdmin || (found.isPublic && component === '')) ? found.kind : null;
		},
		pinSnapshot: async () => storage.pinSnapshot(),
		signingKeys: async () => engine.signer.keys(),
		runQueries: (calls) => runOutside(() => runQueries(engine, deployment(), calls)),
		runMutation: (call) => runOutside(() => runMutation(engine, deployment, call)),
		runAction: (call) => runOutside(() => runAction(engine, deployment(), call)),
		runHttpAction: (request, caller, requestId) =>
			runOutside(() => respondToHttp(engine, deployment(), request, caller, requestId)),
		list: () => listOf(deployment()),
		failJob: (id, error) => failJob(engine, [...deployment().components.keys()], id, error),
		isIdle: () => Promise.resolve(engine.isIdle),
		version: () => version,
		onPush(listener) {
			listeners.add(listener);
			return () => void listeners.delete(listener);
		},
		authProviders: () => deployment().components.get('')!.authProviders,
	};
}

function summaryOf({ components }: Deployment): Pick<PushReport, 'functions' | 'components'> {
	let functions = 0;
	for (const instance of components.values()) functions += instance.functions.size;
	return { functions, components: [...components.keys()] };
}

function listOf({ components }: Deployment): ReturnType<EmbeddedFunctions['list']> {
	const facts = (functions: Map<string, LoadedFunction>) =>
		new Map([...functions].map(([at, { kind, isPublic }]) => [at, { kind, isPublic }]));
	return new Map([...components].map(([at, { functions }]) => [at, facts(functions)]));
}

function schemasOf(deployment: Deployment): Map<ComponentPath, SchemaDefinition> {
	return new Map([...deployment.components].map(([component, { schema }]) => [component, schema]));
}
