/**
 * Live queries. One write to 1,000 subscribers of one query beside bare ws (the write itself, durable, is part of it);
 * a write that touches one of 1,000 subscriptions beside one of 10, on one socket and on as many; mutations from 64
 * callers at once beside one after the other, in process, synchronous=FULL.
 */
import assert from 'node:assert/strict';
import { openEmbedded } from './embedded/backends.ts';
import { openAll, Peer, startSide, subscriber, Writer, type Side } from './fanout/clients.ts';
import { measureRatio, type RatioResult } from './support/ratio.ts';
import { report } from './support/report.ts';

const SUBSCRIBERS = 1_000;
const FEW = 10;
const CALLERS = 64;
const MUTATIONS = 640;
/** Each figure of a sample is the median of this many writes. */
const ROUNDS = 9;
const WRITES = 60;
/** About what a metric card is told. */
const PAYLOAD = 'x'.repeat(400);

const results: (RatioResult & { goal: string })[] = [];
const sides: Side[] = [];
const side = async (kind: 'embedded' | 'bare') => {
	const started = await startSide(kind);
	sides.push(started);
	return started;
};

const percentile = (values: number[], share: number): number =>
	values.sort((a, b) => a - b)[Math.ceil(values.length * share) - 1]!;

/** Milliseconds until 99 % of the peers have heard of one write; the middle one of some rounds. */
function spread(peers: Peer[], write: (text: string) => void): () => Promise<number> {
	let turn = 0;
	return async () => {
		const rounds: number[] = [];
		for (let round = 0; round < ROUNDS; round++) {
			const text = `turn-${turn++}-`;
			const heard = peers.map((peer) => peer.hears(text));
			const startMs = performance.now();
			write(text + PAYLOAD);
			await Promise.all(heard);
			rounds.push(
				percentile(
					peers.map((peer) => peer.heardAtMs - startMs),
					0.99,
				),
			);
		}
		return percentile(rounds, 0.5);
	};
}

async function fanOut(): Promise<void> {
	const [own, bare] = await Promise.all([side('embedded'), side('bare')]);
	const writer = await Writer.open(own.url);
	const ownPeers = await openAll(SUBSCRIBERS, () => subscriber(own.url, [0]));
	const barePeers = await openAll(SUBSCRIBERS, () => Peer.open(bare.url));
	// As long as our Transition, so that both send the same number of bytes.
	const frame = (text: string) => JSON.stringify({ text, filler: 'y'.repeat(260) });
	const speaker = await Peer.open(bare.url);
	results.push({
		...(await measureRatio(
			`p99 of one write to ${SUBSCRIBERS} subscribers / bare ws`,
			spread(ownPeers, (text) => writer.set(0, text)),
			spread(barePeers, (text) => speaker.send(frame(text))),
		)),
		goal: '5x (P8), moonshot 2x',
	});
}

/** Milliseconds per write, each heard of before the next is made. */
function touchOne(
	peerOf: (n: number) => Peer,
	count: number,
	writer: Writer,
): () => Promise<number> {
	let turn = 0;
	return async () => {
		const startMs = performance.now();
		for (let i = 0; i < WRITES; i++) {
			const n = (turn * 7) % count;
			const text = `turn-${turn++}-`;
			const heard = peerOf(n).hears(text);
			writer.set(n, text);
			await heard;
		}
		return (performance.now() - startMs) / WRITES;
	};
}

async function distinct(how: 'one socket' | 'a socket each'): Promise<void> {
	const open = async (count: number) => {
		const { url } = await side('embedded');
		const cells = Array.from({ length: count }, (_, n) => n);
		const writer = await Writer.open(url);
		// As many documents on both sides: an index of 1,000 is no more than 10 to read.
		for (let n = 0; n < SUBSCRIBERS; n++) writer.set(n, 'first');
		const peers =
			how === 'one socket'
				? [await subscriber(url, cells)]
				: await openAll(count, (n) => subscriber(url, [n]));
		return touchOne((n) => peers[how === 'one socket' ? 0 : n]!, count, writer);
	};
	const [many, few] = [await open(SUBSCRIBERS), await open(FEW)];
	results.push({
		...(await measureRatio(`a write to 1 of ${SUBSCRIBERS}, ${how} / to 1 of ${FEW}`, many, few)),
		goal: '1.5x',
	});
}

async function concurrency(): Promise<void> {
	const backend = await openEmbedded();
	let made = 0;
	const add = () => backend.mutation('notes:add', { text: 'one more', at: made++ });
	const perMutation = (callers: number) => async () => {
		const startMs = performance.now();
		await Promise.all(
			Array.from({ length: callers }, async () => {
				for (let i = 0; i < MUTATIONS / callers; i++) await add();
			}),
		);
		return (performance.now() - startMs) / MUTATIONS;
	};
	const figure = await measureRatio(
		`mutations, one after the other / ${CALLERS} at once`,
		perMutation(1),
		perMutation(CALLERS),
	);
	assert.ok(made > 0);
	results.push({ ...figure, goal: 'at least 5x' });
	await backend.close();
}

const parts: Record<string, () => Promise<void>> = {
	fanout: fanOut,
	one: () => distinct('one socket'),
	each: () => distinct('a socket each'),
	concurrency,
};
const wanted = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) {
	if (wanted.length > 0 && !wanted.includes(name)) continue;
	await part();
	for (const started of sides.splice(0)) started.stop();
}
report('fanout', results);
process.exit();
