/** The fixture's deployment in this process, and operations on it through the public door. */
import path from 'node:path';
import {
	startEmbedded,
	type Clock,
	type EmbeddedDeployment,
	type EmbeddedOptions,
} from '../../../src/lib/server/embedded/index.ts';
import {
	ACTION_LIMIT_MS,
	TRANSACTION_LIMIT_MS,
} from '../../../src/lib/server/embedded/functions/timeLimits.ts';
import type { Caller, JsonValue } from '../../../src/lib/server/embedded/types.ts';

export const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/disk/convex');
const ORIGIN = 'http://127.0.0.1:1';
const anonymous: Caller = { identity: null, isAdmin: false };

const START_MS = Date.now();
const HASTE = 100;

/** Time goes a hundred times as fast, so that a job tried again in seconds need not be waited for. */
export const hastyClock: Clock = {
	now: () => START_MS + (Date.now() - START_MS) * HASTE,
	setTimeout(run, ms) {
		// How long a function may take depends on the machine.
		const isLimit = ms === TRANSACTION_LIMIT_MS || ms === ACTION_LIMIT_MS;
		const timer = setTimeout(run, isLimit ? ms : ms / HASTE);
		return { cancel: () => clearTimeout(timer) };
	},
};

export interface OpResult {
	op: string;
	ok: boolean;
	/** Of the failure. */
	code: string | null;
	message: string;
}

export interface Everything {
	ops: { op: string; n: number }[];
	balance: number;
	mutationRuns: string[];
	actionRuns: string[];
	attachments: string[];
	jobs: { name: string; op: string; state: string }[];
	files: { id: string; sha256: string; size: number }[];
}

export interface App {
	deployment: EmbeddedDeployment;
	events: { event: string; [field: string]: unknown }[];
	/** Sent as a client with a session sends it: each request under a number of its own. */
	mutate(name: string, op: string, args?: Record<string, JsonValue>): Promise<OpResult>;
	/** Uploads over HTTP, then attaches. */
	upload(op: string, bytes: Uint8Array<ArrayBuffer>): Promise<OpResult>;
	/** `jobsOf`: what the operations of jobs begin with. */
	everything(jobsOf?: string): Promise<Everything>;
	close(): Promise<void>;
}

export async function startApp(
	dataDir: string,
	options: Partial<EmbeddedOptions> = {},
): Promise<App> {
	const events: App['events'] = [];
	const deployment = await startEmbedded({
		functionsDir: FIXTURE,
		dataDir,
		env: {},
		origin: ORIGIN,
		httpActionPrefixes: [],
		log: (event, fields) => void events.push({ event, ...fields }),
		...options,
	});
	const { runner } = deployment;
	const sessionId = `session-${Math.random()}`;
	let requestId = 0;
	const call = (name: string, args: JsonValue) => ({
		component: '',
		path: `ops:${name}`,
		args,
		caller: anonymous,
	});
	const mutate: App['mutate'] = async (name, op, args = {}) => {
		const session = { sessionId, requestId: requestId++ };
		const { outcome } = await runner.runMutation({ ...call(name, { op, ...args }), session });
		return outcome.ok
			? { op, ok: true, code: null, message: '' }
			: { op, ok: false, code: outcome.failure.code ?? 'none', message: outcome.failure.message };
	};
	return {
		deployment,
		events,
		mutate,
		async upload(op, body) {
			const { outcome } = await runner.runMutation(call('uploadUrl', {}));
			if (!outcome.ok) {
				const { code = 'none', message } = outcome.failure;
				return { op, ok: false, code, message };
			}
			const response = await deployment.fetch(
				new Request(outcome.value as string, { method: 'POST', body }),
			);
			const answer = (await response.json()) as Record<string, string>;
			if (response.ok) return mutate('attach', op, { file: answer.storageId! });
			return { op, ok: false, code: answer.code!, message: answer.message! };
		},
		async everything(jobsOf = '') {
			const [{ outcome }] = (await runner.runQueries([call('everything', { jobsOf })])) as [
				Awaited<ReturnType<typeof runner.runQueries>>[0],
			];
			if (!outcome.ok) throw new Error(`The query failed: ${outcome.failure.message}`);
			return outcome.value as unknown as Everything;
		},
		close: () => deployment.close(),
	};
}
