/**
 * Child process of the fault suite, under the shim. One deployment lives through all of it: for k = 1, 2, 3 … the k-th
 * call to the disk fails during a round of operations, then the disk is well again and another round must succeed. Ends
 * when a round was over before its k-th call. Prints one JSON line per round.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hastyClock, startApp, type App, type Everything, type OpResult } from './app.ts';
import { databaseProblems, fileProblems, ledgerProblems, problemsOf } from './invariants.ts';
import { readStore } from './readStore.ts';
import { DiskControl, type Trigger } from './shim.ts';

export interface FaultRun {
	dataDir: string;
	control: string;
	trigger: Omit<Trigger, 'at' | 'mode'>;
	/** 1: every k. */
	step: number;
	firstAt: number;
}

export interface RoundReport {
	at: number;
	fired: number;
	codes: (string | null)[];
	messages: string[];
	/** Events about the store's health. */
	health: string[];
	/** `stats().storage` with the fault still there, and after. */
	storage: [string, string];
	problems: string[];
}

const bytes = (op: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(op.repeat(400));

/** Operations of all kinds, some at once. */
async function round(app: App, name: string): Promise<OpResult[]> {
	const results = await Promise.all([
		app.mutate('write', `${name}-1`, { bytes: 500 }),
		app.mutate('write', `${name}-2`, { bytes: 6_000 }),
		app.mutate('withMutationJob', `${name}-3`, { bytes: 100 }),
	]);
	results.push(await app.upload(`${name}-4`, bytes(name)));
	results.push(
		...(await Promise.all([
			app.mutate('withActionJob', `${name}-5`, { bytes: 100 }),
			app.mutate('detach', `${name}-6`),
		])),
	);
	return results;
}

/** Until what was scheduled has run: the disk is well, so it must. */
async function quiet(app: App, name: string): Promise<void> {
	for (;;) {
		const { jobs } = await app.everything(name);
		if (jobs.every(({ state }) => state !== 'pending' && state !== 'inProgress')) return;
		await sleep(5);
	}
}

async function run({ dataDir, control: file, trigger, step, firstAt }: FaultRun): Promise<void> {
	const control = new DiskControl(file);
	const app = await startApp(dataDir, { clock: hastyClock });
	const kept: string[] = [];
	const refused: string[] = [];
	/** A change nobody knows the fate of keeps its file until the next start. */
	let isUnsettled = false;
	for (let at = firstAt; ; at += step) {
		const name = `k${at}-`;
		app.events.length = 0;
		control.arm({ ...trigger, mode: 'fail', at });
		const results = await round(app, name);
		const { fired } = control;
		// Queries are answered whatever the disk does.
		const whileFailing = await app.everything(name);
		const storage = app.deployment.stats().storage;
		control.clear();
		const afterCrash = await crashed(dataDir);
		isUnsettled ||= results.some(({ message }) => message.includes('could still bring it back'));
		const after = await round(app, `${name}after`);
		await quiet(app, name);
		for (const { op, ok } of [...results, ...after]) (ok ? kept : refused).push(op);
		const all = await app.everything(name);
		const report: RoundReport = {
			at,
			fired,
			codes: results.map(({ code }) => code),
			messages: results.filter(({ ok }) => !ok).map(({ message }) => message),
			health: app.events.map(({ event }) => event).filter((event) => event.startsWith('storage.')),
			storage: [storage, app.deployment.stats().storage],
			problems: [
				...problemsOf(whileFailing),
				...ledgerProblems(afterCrash, namesOf(results, true), namesOf(results, false)),
				...after.filter(({ ok }) => !ok).map(({ message }) => `still failing: ${message}`),
				...problemsOf(all),
				...ledgerProblems(all, kept, refused),
				...fileProblems(dataDir, all.files, !isUnsettled),
				...databaseProblems(dataDir),
			],
		};
		process.stdout.write(`${JSON.stringify(report)}\n`);
		if (fired === 0) break;
		await wipe(app);
		kept.length = 0;
		refused.length = 0;
	}
	await app.close();
}

const namesOf = (results: OpResult[], isOk: boolean): string[] =>
	results.filter(({ ok }) => ok === isOk).map(({ op }) => op);

/** What would be there had the process died now. */
async function crashed(dataDir: string): Promise<Everything> {
	const copy = `${dataDir}-copy`;
	rmSync(copy, { recursive: true, force: true });
	mkdirSync(copy);
	for (const name of ['convex.sqlite', 'convex.sqlite-wal']) {
		copyFileSync(path.join(dataDir, name), path.join(copy, name));
	}
	return (await readStore(copy)).everything;
}

async function wipe(app: App): Promise<void> {
	const result = await app.mutate('wipe', 'wipe');
	if (!result.ok) throw new Error(result.message);
}

await run(JSON.parse(process.argv[2]!) as FaultRun);
