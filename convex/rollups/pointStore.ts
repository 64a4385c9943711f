/**
 * The packed points of one series within one transaction: upserts and reads by time. A chunk covers the time from its
 * `startAt` to the next chunk's; what lies before the first belongs to the first.
 */
import type { GenericMutationCtx } from 'convex/server';
import type { DataModel, Doc, Id } from '../_generated/dataModel.js';
import { decodePoints, encodePoints } from '../../src/lib/metrics/chunkCodec.ts';
import { mergeColumns, type PointColumns } from '../../src/lib/metrics/dataPoint.ts';

/**
 * A point takes 2 to 11 bytes, so a chunk stays below 23 kB of Convex' 1 MiB per document, and a series fed every
 * minute rewrites about half of that per sync.
 */
export const POINTS_PER_CHUNK = 2048;

export interface UpsertResult {
	added: number;
	corrected: number;
	/** Times of new and corrected points, ascending. */
	touched: number[];
}

type Chunk = Doc<'pointChunks'>;

export class PointStore {
	readonly #db: GenericMutationCtx<DataModel>['db'];
	readonly #seriesId: Id<'series'>;
	/** What was decoded or written here, so that nothing is unpacked twice. */
	readonly #unpacked = new Map<Id<'pointChunks'>, PointColumns>();

	constructor(db: GenericMutationCtx<DataModel>['db'], seriesId: Id<'series'>) {
		this.#db = db;
		this.#seriesId = seriesId;
	}

	/** Upserts sorted points by time. Chunks in which nothing changes are not written. */
	async upsert(points: PointColumns): Promise<UpsertResult> {
		const result: UpsertResult = { added: 0, corrected: 0, touched: [] };
		for (let from = 0; from < points.ats.length;) {
			const { chunk, end } = await this.#chunkFor(points.ats[from]!);
			let to = from + 1;
			while (to < points.ats.length && points.ats[to]! < end) to++;
			const part = { ats: points.ats.slice(from, to), values: points.values.slice(from, to) };
			from = to;
			const stored = chunk ? this.#unpack(chunk) : { ats: [], values: [] };
			const merged = mergeColumns(stored, part);
			if (merged.touched.length === 0) continue;
			result.added += merged.added;
			result.corrected += merged.corrected;
			for (const at of merged.touched) result.touched.push(at);
			await this.#write(chunk, merged, merged.touched[merged.touched.length - 1]!);
		}
		return result;
	}

	/** Points with from <= at < to, ascending. */
	async between(from: number, to: number): Promise<PointColumns> {
		const ats: number[] = [];
		const values: number[] = [];
		const before = await this.#lastChunkUntil(from);
		const within = await this.#query((q) => q.gt('startAt', from).lt('startAt', to)).collect();
		for (const chunk of before ? [before, ...within] : within) {
			if (chunk.endAt < from) continue;
			const points = this.#unpack(chunk);
			for (let i = 0; i < points.ats.length; i++) {
				const at = points.ats[i]!;
				if (at < from || at >= to) continue;
				ats.push(at);
				values.push(points.values[i]!);
			}
		}
		return { ats, values };
	}

	/** The chunk a point belongs into and the end of its time; null when the series has none. */
	async #chunkFor(at: number): Promise<{ chunk: Chunk | null; end: number }> {
		const own = await this.#lastChunkUntil(at);
		const next = await this.#query((q) => q.gt('startAt', at)).first();
		if (own || !next) return { chunk: own, end: next?.startAt ?? Infinity };
		const afterNext = await this.#query((q) => q.gt('startAt', next.startAt)).first();
		return { chunk: next, end: afterNext?.startAt ?? Infinity };
	}

	async #write(chunk: Chunk | null, points: PointColumns, lastTouched: number): Promise<void> {
		// New points arrive at one end, mostly: leave full chunks at the other.
		const growsAtStart = chunk !== null && lastTouched < chunk.startAt;
		for (const [i, piece] of split(points, growsAtStart).entries()) {
			const row = {
				startAt: piece.ats[0]!,
				endAt: piece.ats[piece.ats.length - 1]!,
				count: piece.ats.length,
				data: encodePoints(piece),
			};
			if (chunk && i === 0) {
				await this.#db.patch('pointChunks', chunk._id, row);
				this.#unpacked.set(chunk._id, piece);
			} else {
				const id = await this.#db.insert('pointChunks', { seriesId: this.#seriesId, ...row });
				this.#unpacked.set(id, piece);
			}
		}
	}

	#unpack(chunk: Chunk): PointColumns {
		let points = this.#unpacked.get(chunk._id);
		if (!points) this.#unpacked.set(chunk._id, (points = decodePoints(chunk.data)));
		return points;
	}

	async #lastChunkUntil(at: number): Promise<Chunk | null> {
		return await this.#query((q) => q.lte('startAt', at))
			.order('desc')
			.first();
	}

	#query(range: (q: RangeBuilder) => RangeEnd) {
		return this.#db
			.query('pointChunks')
			.withIndex('by_seriesId', (q) => range(q.eq('seriesId', this.#seriesId)) as never);
	}
}

/** As much of Convex' index range builder as is needed behind `seriesId`. */
interface RangeBuilder extends RangeEnd {
	gt(field: 'startAt', value: number): RangeEnd & { lt(field: 'startAt', value: number): RangeEnd };
	lte(field: 'startAt', value: number): RangeEnd;
}
type RangeEnd = object;

function split(points: PointColumns, fillsFromEnd: boolean): PointColumns[] {
	const { length } = points.ats;
	if (length <= POINTS_PER_CHUNK) return [points];
	const pieces: PointColumns[] = [];
	const head = fillsFromEnd ? length % POINTS_PER_CHUNK || POINTS_PER_CHUNK : POINTS_PER_CHUNK;
	for (let from = 0, to = head; from < length; from = to, to += POINTS_PER_CHUNK) {
		pieces.push({ ats: points.ats.slice(from, to), values: points.values.slice(from, to) });
	}
	return pieces;
}
