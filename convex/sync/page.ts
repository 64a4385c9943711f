/** A page on its way from the fetch to the commit: checked, packed, and cut to what one transaction may hold. */
import { encodePoints } from '../../src/lib/metrics/chunkCodec.ts';
import { PointError, toColumns, type DataPoint } from '../../src/lib/metrics/dataPoint.ts';
import { DAY_MS } from '../../src/lib/metrics/granularity.ts';
import { ConnectorError, type MetricPage } from '../../src/lib/server/integrations/sdk/index.ts';

export interface Part {
	key: string;
	data: ArrayBuffer;
}

/**
 * One commit reads and writes up to a point chunk (23 kB), an hour chunk and a day chunk (20 kB each) per series and
 * touched week; Convex allows 16 MiB read, 8 MiB written and 16,000 documents written per mutation.
 */
const MAX_POINTS_PER_COMMIT = 8_000;
/** Scattered points touch a chunk each: 100 of them stay below 10 MB even where every week is dense. */
const MAX_SPOTS_PER_COMMIT = 100;
/** Points of one series within this time count as one spot: they share chunks as a rule. */
const SPOT_MS = 7 * DAY_MS;

/**
 * The commits a page needs, in order; the checkpoint goes with the last, so a crash between them repeats the page and
 * changes nothing. A page without points is one empty commit.
 * @throws ConnectorError INTEGRATION_BUG for a point that is not finite or has no proper time: the page is refused whole
 */
export function cutPage(points: MetricPage['points']): Part[][] {
	const commits: Part[][] = [[]];
	let count = 0;
	let spots = 0;
	for (const [key, own] of bySeries(points)) {
		let { ats, values } = columnsOf(own);
		while (ats.length > 0) {
			if (spots >= MAX_SPOTS_PER_COMMIT || count >= MAX_POINTS_PER_COMMIT) {
				commits.push([]);
				count = 0;
				spots = 0;
			}
			const room = Math.min(ats.length, MAX_POINTS_PER_COMMIT - count);
			let taken = 0;
			let spotEnd = -Infinity;
			while (taken < room) {
				if (ats[taken]! >= spotEnd) {
					if (spots >= MAX_SPOTS_PER_COMMIT) break;
					spots++;
					spotEnd = ats[taken]! + SPOT_MS;
				}
				taken++;
			}
			const data = encodePoints({ ats: ats.slice(0, taken), values: values.slice(0, taken) });
			commits[commits.length - 1]!.push({ key, data });
			count += taken;
			ats = ats.slice(taken);
			values = values.slice(taken);
		}
	}
	return commits;
}

function bySeries(points: MetricPage['points']): Map<string, DataPoint[]> {
	const grouped = new Map<string, DataPoint[]>();
	for (const { seriesKey, at, value } of points) {
		const own = grouped.get(seriesKey);
		if (own) own.push({ at, value });
		else grouped.set(seriesKey, [{ at, value }]);
	}
	return grouped;
}

function columnsOf(points: DataPoint[]) {
	try {
		return toColumns(points);
	} catch (error) {
		if (!(error instanceof PointError)) throw error;
		throw new ConnectorError('INTEGRATION_BUG', { cause: error });
	}
}

/** Empty pages in a row that say more will follow; a year by the hour has fewer slices. */
const MAX_EMPTY_PAGES = 10_000;

/** Notices a service that gives the same page for ever, or promises pages that never come. */
export class LoopGuard {
	readonly #seen = new Set<string>();
	#empty = 0;

	/** @throws ConnectorError CURSOR_LOOP */
	check(page: MetricPage): void {
		this.#empty = page.points.length === 0 ? this.#empty + 1 : 0;
		const place = JSON.stringify(page.checkpoint);
		const isRepeated = this.#seen.has(place);
		this.#seen.add(place);
		if (page.hasMore && (isRepeated || this.#empty > MAX_EMPTY_PAGES)) {
			throw new ConnectorError('CURSOR_LOOP');
		}
	}
}
