/**
 * Ratios in one run: A and B are measured in turn, so that a noisy neighbour slows both. The figure is the median of
 * the per-pair ratios with a bootstrap 95 % interval; an A/A control outside 0.90-1.10 voids the run.
 */

export interface RatioResult {
	name: string;
	/** Median of A/B over the pairs. */
	ratio: number;
	low: number;
	high: number;
	/** Median of A/A: how far this machine strays from 1 by itself. */
	control: number;
	isVoid: boolean;
	samples: { a: number[]; b: number[]; control: number[] };
}

const CONTROL_RANGE = [0.9, 1.1] as const;
const BOOTSTRAP_ROUNDS = 2000;

export function median(values: number[]): number {
	const sorted = [...values].sort((x, y) => x - y);
	const middle = sorted.length >> 1;
	return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** mulberry32: a seeded generator, so that the interval is the same for the same samples. */
function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

/** 95 % interval of the median by resampling. */
export function bootstrapInterval(values: number[], seed = 7): [low: number, high: number] {
	const random = seeded(seed);
	const medians: number[] = [];
	for (let round = 0; round < BOOTSTRAP_ROUNDS; round++) {
		medians.push(median(values.map(() => values[Math.floor(random() * values.length)]!)));
	}
	medians.sort((x, y) => x - y);
	return [
		medians[Math.floor(BOOTSTRAP_ROUNDS * 0.025)]!,
		medians[Math.floor(BOOTSTRAP_ROUNDS * 0.975)]!,
	];
}

/** `a` and `b` each do their work once and resolve to its cost (any unit, the same for both). */
export async function measureRatio(
	name: string,
	a: () => Promise<number> | number,
	b: () => Promise<number> | number,
	{ pairs = 15, warmups = 3 } = {},
): Promise<RatioResult> {
	for (let i = 0; i < warmups; i++) {
		await a();
		await b();
	}
	const samples = { a: [] as number[], b: [] as number[], control: [] as number[] };
	for (let i = 0; i < pairs; i++) {
		samples.a.push(await a());
		samples.b.push(await b());
		samples.control.push(await a());
	}
	const ratios = samples.a.map((cost, i) => cost / samples.b[i]!);
	const control = median(samples.a.map((cost, i) => cost / samples.control[i]!));
	const [low, high] = bootstrapInterval(ratios);
	const isVoid = control < CONTROL_RANGE[0] || control > CONTROL_RANGE[1];
	return { name, ratio: median(ratios), low, high, control, isVoid, samples };
}
