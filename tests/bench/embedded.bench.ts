/**
 * The embedded deployment (SQLite on disk, WAL, synchronous=FULL) beside convex-test (in memory, nothing durable), with
 * the same functions and the same documents; an insert beside SQLite's own; and a query's latency while a mutation
 * waits, beside the same query without one.
 */
import assert from 'node:assert/strict';
import { openBareSqlite } from './embedded/bareSqlite.ts';
import { openConvexTest, openEmbedded, type Backend } from './embedded/backends.ts';
import { measureRatio, median, type RatioResult } from './support/ratio.ts';
import { report } from './support/report.ts';
import { derive } from './embedded/convex/derive.ts';

interface Note {
	_id: string;
	group: string;
	rank: number;
	text: string;
	edits: number;
}
interface Page {
	page: Note[];
	isDone: boolean;
	continueCursor: string;
}
type Work = (backend: Backend, turn: number) => Promise<unknown>;

const SIZES = [1_000, 100_000];
/** A hundred documents or more in each, so that 50 and five pages of 20 are there. */
const GROUPS = 10;
/** Below the 16,000 documents one mutation may write. */
const SEED_BATCH = 5_000;
const TAKEN = 50;
const PAGE = 20;
const WAIT_MS = 300;
/** Per sample: about 100 ms, since a disk shared with others answers one commit late now and then. */
const CALLS = 192;
const AT_ONCE = 64;

const results: (RatioResult & { goal?: string })[] = [];

async function seed(backend: Backend, size: number): Promise<void> {
	for (let from = 0; from < size; from += SEED_BATCH) {
		const count = Math.min(SEED_BATCH, size - from);
		await backend.mutation('notes:seed', { from, count, groups: GROUPS });
	}
}

const take = (backend: Backend, turn: number) =>
	backend.query<Note[]>('notes:take', { group: `g${turn % GROUPS}`, limit: TAKEN });

const page = (backend: Backend, turn: number, cursor: string | null) =>
	backend.query<Page>('notes:page', {
		group: `g${turn % GROUPS}`,
		paginationOpts: { numItems: PAGE, cursor },
	});

/** What both answer, without what each makes up by itself. */
async function answers(backend: Backend): Promise<unknown> {
	const plain = ({ group, rank, text, edits }: Note) => ({ group, rank, text, edits });
	const taken = await take(backend, 3);
	assert.equal(taken.length, TAKEN);
	const paged: Note[] = [];
	let cursor: string | null = null;
	for (let i = 0; i < 3; i++) {
		const found: Page = await page(backend, 3, cursor);
		paged.push(...found.page);
		cursor = found.continueCursor;
	}
	assert.deepEqual(paged.slice(0, TAKEN), taken);
	const edits: unknown[] = [];
	for (let i = 0; i < 3; i++)
		edits.push(await backend.mutation('notes:edit', { id: taken[0]!._id }));
	return { taken: taken.map(plain), paged: paged.map(plain), edits };
}

/** Milliseconds per call, over `calls` calls one after the other. */
function timed(backend: Backend, work: Work, calls: number): () => Promise<number> {
	let turn = 0;
	return async () => {
		const startMs = performance.now();
		for (let i = 0; i < calls; i++) await work(backend, turn++);
		return (performance.now() - startMs) / calls;
	};
}

async function compare(size: number): Promise<void> {
	const peer = openConvexTest();
	const own = await openEmbedded();
	try {
		await Promise.all([seed(peer, size), seed(own, size)]);
		assert.deepEqual(await answers(own), await answers(peer));

		// convex-test goes through the whole table for each range, so one call of it tells enough; of all
		// tables even, so inserts come last.
		const isLarge = size > 10_000;
		const few = isLarge ? 1 : 40;
		const figures: [name: string, work: Work, ownCalls: number, peerCalls: number][] = [
			[`indexed take(${TAKEN})`, take, CALLS, few],
			[`indexed paginate(${PAGE})`, (on, turn) => page(on, turn, null), CALLS, few],
			['read-modify-write by index', editRanked, CALLS, few],
			['read-modify-write by id', await editor(own, peer), CALLS, 1_000],
			['insert', insert, CALLS, 1_000],
		];
		for (const [name, work, ownCalls, peerCalls] of figures) {
			const title = `${name}, ${size / 1000}k documents / convex-test`;
			results.push(
				await measureRatio(title, timed(own, work, ownCalls), timed(peer, work, peerCalls)),
			);
		}
		if (isLarge) results.push(await compareWithSqlite(own));
		if (isLarge) results.push(await compareWaiting(own));
		if (isLarge) results.push(await compareTogether(own));
	} finally {
		await own.close();
		await peer.close();
	}
}

const insert: Work = (backend, turn) =>
	backend.mutation('notes:add', { text: 'one more', at: turn });

/** Rank and group of a note go together: see `notes:seed`. */
const editRanked: Work = (backend, turn) => {
	const rank = turn % 500;
	return backend.mutation('notes:editRanked', { group: `g${rank % GROUPS}`, rank });
};

/** Each backend has ids of its own. */
async function editor(...backends: Backend[]): Promise<Work> {
	const notes = new Map<Backend, Note[]>();
	for (const backend of backends) notes.set(backend, await take(backend, 5));
	return (backend, turn) =>
		backend.mutation('notes:edit', { id: notes.get(backend)![turn % TAKEN]!._id });
}

async function compareWithSqlite(backend: Backend): Promise<RatioResult> {
	const sqlite = openBareSqlite();
	const bare = () => {
		const startMs = performance.now();
		for (let i = 0; i < CALLS; i++) sqlite.insert('one more', i);
		return (performance.now() - startMs) / CALLS;
	};
	try {
		return await measureRatio(
			'insert / bare SQLite, same durability',
			timed(backend, insert, CALLS),
			bare,
		);
	} finally {
		sqlite.close();
	}
}

/** Mutations a clock second, one after the other and many at once: what sharing one flush of the disk brings. */
async function compareTogether(backend: Backend): Promise<RatioResult & { goal: string }> {
	let turn = 0;
	const alone = timed(backend, insert, CALLS);
	const together = async () => {
		const startMs = performance.now();
		for (let done = 0; done < CALLS; done += AT_ONCE) {
			await Promise.all(Array.from({ length: AT_ONCE }, () => insert(backend, turn++)));
		}
		return (performance.now() - startMs) / CALLS;
	};
	const title = `insert one by one / ${AT_ONCE} at once`;
	return { ...(await measureRatio(title, alone, together)), goal: 'at least 5x' };
}

/**
 * Median milliseconds of one query, while a mutation waits for about 300 ms and without it. The mutation waits for a key
 * derivation in Node's thread pool; without it the same derivation runs beside, so that both have the same machine.
 */
async function compareWaiting(backend: Backend): Promise<RatioResult & { goal: string }> {
	const id = (await take(backend, 7))[0]!._id;
	const iterations = await iterationsFor(WAIT_MS);
	let turn = 0;
	const latencyDuring = async (work: Promise<unknown>): Promise<number> => {
		let isOver = false;
		const ended = work.finally(() => (isOver = true));
		const tookMs: number[] = [];
		while (!isOver) {
			const startMs = performance.now();
			await take(backend, turn++);
			tookMs.push(performance.now() - startMs);
			// Lets the end of the work be heard.
			await new Promise((resolve) => setImmediate(resolve));
		}
		await ended;
		assert.ok(tookMs.length >= 5, `only ${tookMs.length} queries were answered meanwhile`);
		return median(tookMs);
	};
	const title = `take(${TAKEN}) while a mutation waits ${WAIT_MS} ms / idle`;
	const figure = await measureRatio(
		title,
		() => latencyDuring(backend.mutation('notes:editSlowly', { id, iterations })),
		() => latencyDuring(derive(iterations)),
	);
	return { ...figure, goal: '1x (must not grow)' };
}

async function iterationsFor(ms: number): Promise<number> {
	const trial = 200_000;
	await derive(trial);
	const startMs = performance.now();
	await derive(trial);
	return Math.round((trial * ms) / (performance.now() - startMs));
}

console.log('embedded: WAL, synchronous=FULL, in process; convex-test: in memory, in process');
for (const size of SIZES) await compare(size);
report('embedded', results);
process.exit();
