/** One deployment of the fixture that scripts share: each has a room of its own in it. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serve, type Served } from '../clients/serve.ts';
import { claims, dataUrl, jwksOf, makeKey } from '../edges/tokens.ts';

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/live/convex');
/** Inside node_modules, so that `convex/server` resolves as in a project. */
const COPIES = path.resolve(import.meta.dirname, '../../../node_modules/.embedded-live-');

export interface World {
	readonly origin: string;
	readonly served: Served;
	readonly tokens: ReadonlyMap<string, string>;
	/** Whose token this is; null: nobody's. */
	userOf(token: string): string | null;
	/** How long a planted bug may keep things from coming to rest. */
	readonly sabotageMs: number;
	/** The answer of a fresh query, over HTTP. */
	ask(path: string, args: Record<string, unknown>): Promise<unknown>;
	/** The functions are replaced by others that count one more. */
	push(): Promise<void>;
	/** On the same port and data. */
	restart(): Promise<void>;
	writeFunctions(file: string, text: string): void;
	close(): Promise<void>;
}

/**
 * Answers of queries take a while before and after they are read, so that commits fall into every part of it. As many
 * turns as in the list, over and over: the same in each run.
 */
function slowDown({ deployment: { runner } }: Served): void {
	const TURNS = [0, 3, 1, 0, 6, 2, 0, 1];
	let at = 0;
	const pause = async () => {
		for (let turn = TURNS[at++ % TURNS.length]!; turn > 0; turn--) {
			await new Promise((resolve) => setImmediate(resolve));
		}
	};
	const runQueries = runner.runQueries.bind(runner);
	runner.runQueries = async (calls) => {
		await pause();
		const outcomes = await runQueries(calls);
		await pause();
		return outcomes;
	};
}

export async function openWorld(): Promise<World> {
	const key = await makeKey('k1');
	const tokens = new Map<string, string>();
	for (const sub of ['user-1', 'user-2']) {
		tokens.set(sub, await key.sign(claims(Date.now(), { sub }, 36_000)));
	}
	const dataDir = mkdtempSync(path.join(tmpdir(), 'embedded-live-'));
	const functionsDir = mkdtempSync(COPIES);
	cpSync(FIXTURE, functionsDir, { recursive: true });
	const given = { functionsDir, env: { JWKS: dataUrl(jwksOf(key)) } };
	let served = await serve(dataDir, 0, given);
	slowDown(served);
	const { port } = served;
	let builds = 0;
	return {
		tokens,
		userOf: (token) => [...tokens].find(([, value]) => value === token)?.[0] ?? null,
		sabotageMs: 400,
		get origin() {
			return served.origin;
		},
		get served() {
			return served;
		},
		async ask(functionPath, args) {
			const body = JSON.stringify({ path: functionPath, args: [args] });
			const headers = { 'content-type': 'application/json' };
			const url = `${served.origin}/api/query`;
			const answer = (await (await fetch(url, { method: 'POST', headers, body })).json()) as {
				status: string;
				value: unknown;
			};
			if (answer.status !== 'success') throw new Error(JSON.stringify(answer));
			return answer.value;
		},
		async push() {
			builds += 1;
			const text = `import { queryGeneric as query } from 'convex/server';\nexport const number = query({ args: {}, handler: async () => ${builds} });\n`;
			writeFileSync(path.join(functionsDir, 'build.ts'), text);
			await served.deployment.push();
		},
		async restart() {
			await served.close();
			served = await serve(dataDir, port, given);
			slowDown(served);
		},
		writeFunctions(file, text) {
			writeFileSync(path.join(functionsDir, file), text);
		},
		async close() {
			await served.close();
			rmSync(dataDir, { recursive: true, force: true });
			rmSync(functionsDir, { recursive: true, force: true });
		},
	};
}
