/** Recomputes the rollups of touched buckets from the points below them, within the transaction that changed the points. */
import type { GenericMutationCtx } from 'convex/server';
import type { DataModel, Doc, Id } from '../_generated/dataModel.js';
import { bucketEnd, bucketStart, DAY_MS, periodOf } from '../../src/lib/metrics/granularity.ts';
import { joinRollups, rollupHours, type Rollup } from '../../src/lib/metrics/rollup.ts';
import { decodeRollups, encodeRollups } from '../../src/lib/metrics/rollupCodec.ts';
import type { PointStore } from './pointStore.ts';

type Db = GenericMutationCtx<DataModel>['db'];
type Span = { from: number; to: number };
type Place = { seriesId: Id<'series'>; timeZone: string };

/** Touched hours closer than this are recomputed as one span: reading one more chunk costs less than asking again. */
const JOIN_SPANS_MS = DAY_MS;

/** `touched`: times of new and corrected points, ascending. Hours first, then the days they lie in. */
export async function recompute(
	db: Db,
	series: Pick<Doc<'series'>, '_id' | 'timeZone'>,
	points: PointStore,
	touched: readonly number[],
): Promise<void> {
	const place = { seriesId: series._id, timeZone: series.timeZone };
	const years = new RollupChunks(db, place, 'day');
	const weeks = new RollupChunks(db, place, 'hour');
	for (const span of spansOf(touched, place.timeZone)) {
		const hours = rollupHours(await points.between(span.from, span.to), place.timeZone);
		await weeks.replace(span, hours);
		// Days lie within a week, weeks within nothing: a day's hours are all in the chunk just changed.
		let day = bucketStart(span.from, 'day', place.timeZone);
		while (day < span.to) {
			const end = bucketEnd(day, 'day', place.timeZone);
			const joined = joinRollups(day, await weeks.between({ from: day, to: end }));
			await years.replace({ from: day, to: end }, joined ? [joined] : []);
			day = end;
		}
	}
	await weeks.write();
	await years.write();
}

/** The touched hours as spans, cut at the edges of weeks. */
function spansOf(touched: readonly number[], timeZone: string): Span[] {
	const spans: Span[] = [];
	let week = { start: 0, end: 0 };
	for (const at of touched) {
		const last = spans[spans.length - 1];
		if (last && at < last.to) continue;
		const from = bucketStart(at, 'hour', timeZone);
		const to = bucketEnd(at, 'hour', timeZone);
		if (last && at < week.end && from - last.to <= JOIN_SPANS_MS) {
			last.to = to;
			continue;
		}
		if (at >= week.end) {
			week = { start: bucketStart(at, 'week', timeZone), end: bucketEnd(at, 'week', timeZone) };
		}
		spans.push({ from, to });
	}
	return spans;
}

/** The rollup chunks of one granularity, read as needed and written once at the end. */
class RollupChunks {
	readonly #db: Db;
	readonly #place: Place;
	readonly #granularity: 'hour' | 'day';
	readonly #open = new Map<
		number,
		{ id: Id<'rollupChunks'> | null; rows: Rollup[]; isChanged: boolean }
	>();

	constructor(db: Db, place: Place, granularity: 'hour' | 'day') {
		this.#db = db;
		this.#place = place;
		this.#granularity = granularity;
	}

	async between({ from, to }: Span): Promise<Rollup[]> {
		const { rows } = await this.#chunk(from);
		return rows.filter((row) => row.start >= from && row.start < to);
	}

	/** Puts `rows` in the place of all rollups that begin in the span, which lies within one chunk. */
	async replace({ from, to }: Span, rows: Rollup[]): Promise<void> {
		const chunk = await this.#chunk(from);
		const before = chunk.rows.filter((row) => row.start < from);
		const after = chunk.rows.filter((row) => row.start >= to);
		chunk.rows = [...before, ...rows, ...after];
		chunk.isChanged = true;
	}

	async write(): Promise<void> {
		for (const [period, { id, rows, isChanged }] of this.#open) {
			if (!isChanged) continue;
			if (rows.length === 0) {
				if (id) await this.#db.delete('rollupChunks', id);
				continue;
			}
			const data = encodeRollups(rows);
			if (id) await this.#db.patch('rollupChunks', id, { data });
			else {
				const granularity = this.#granularity;
				await this.#db.insert('rollupChunks', { ...this.#place, granularity, period, data });
			}
		}
	}

	async #chunk(at: number) {
		const { seriesId, timeZone } = this.#place;
		const period = periodOf(at, this.#granularity === 'hour' ? 'week' : 'year', timeZone);
		let chunk = this.#open.get(period);
		if (chunk) return chunk;
		const stored = await this.#db
			.query('rollupChunks')
			.withIndex('by_seriesId', (q) =>
				q
					.eq('seriesId', seriesId)
					.eq('granularity', this.#granularity)
					.eq('timeZone', timeZone)
					.eq('period', period),
			)
			.unique();
		const rows = stored ? decodeRollups(stored.data) : [];
		chunk = { id: stored?._id ?? null, rows, isChanged: false };
		this.#open.set(period, chunk);
		return chunk;
	}
}
