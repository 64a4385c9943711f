/**
 * UTC offsets of an IANA time zone, fast. `Intl` answers one instant in a microsecond or two, which is too slow for
 * every point of a page, so each zone keeps the spans of constant offset it has looked up, about a year at a time.
 */

/** A span of constant offset. `start` and `end` may also be where the looked-up year ends, not a real change. */
export interface OffsetSpan {
	start: number;
	end: number;
	/** local = UTC + offsetMs */
	offsetMs: number;
}

/** 365.2425 days; only a size for the cache's pages. */
const PAGE_MS = 31_556_952_000;
/** Closest known pair of offset changes since 1970 is about four weeks apart (Ramadan in Morocco), so weekly probes see all. */
const PROBE_MS = 7 * 86_400_000;

export interface TimeZone {
	readonly name: string;
	spanAt(at: number): OffsetSpan;
}

class CachedZone implements TimeZone {
	readonly name: string;
	readonly #format: Intl.DateTimeFormat;
	readonly #pages = new Map<number, OffsetSpan[]>();
	#last: OffsetSpan = { start: 1, end: 0, offsetMs: 0 };

	constructor(name: string) {
		this.name = name;
		this.#format = new Intl.DateTimeFormat('en-US', {
			timeZone: name,
			hourCycle: 'h23',
			year: 'numeric',
			month: 'numeric',
			day: 'numeric',
			hour: 'numeric',
			minute: 'numeric',
			second: 'numeric',
		});
	}

	spanAt(at: number): OffsetSpan {
		const last = this.#last;
		if (at >= last.start && at < last.end) return last;
		const page = Math.floor(at / PAGE_MS);
		let spans = this.#pages.get(page);
		if (!spans) this.#pages.set(page, (spans = this.#load(page)));
		let index = spans.length - 1;
		while (index > 0 && spans[index]!.start > at) index--;
		return (this.#last = spans[index]!);
	}

	#load(page: number): OffsetSpan[] {
		const end = (page + 1) * PAGE_MS;
		let start = page * PAGE_MS;
		let offsetMs = this.#probe(start);
		const spans: OffsetSpan[] = [];
		for (let from = start; from < end; from += PROBE_MS) {
			const to = Math.min(from + PROBE_MS, end - 1000);
			const after = this.#probe(to);
			if (after === offsetMs) continue;
			const change = this.#bisect(from, to, offsetMs);
			spans.push({ start, end: change, offsetMs });
			start = change;
			offsetMs = after;
		}
		spans.push({ start, end, offsetMs });
		return spans;
	}

	/** First whole second after `from` whose offset is no longer `before`. Changes happen on whole seconds. */
	#bisect(from: number, to: number, before: number): number {
		let low = Math.floor(from / 1000);
		let high = Math.ceil(to / 1000);
		while (high - low > 1) {
			const middle = Math.floor((low + high) / 2);
			if (this.#probe(middle * 1000) === before) low = middle;
			else high = middle;
		}
		return high * 1000;
	}

	#probe(at: number): number {
		const second = Math.floor(at / 1000) * 1000;
		const parts = this.#format.format(second).match(/\d+/g)!;
		const [month, day, year, hour, minute, secondOfMinute] = parts.map(Number) as [
			number,
			number,
			number,
			number,
			number,
			number,
		];
		return Date.UTC(year, month - 1, day, hour, minute, secondOfMinute) - second;
	}
}

const zones = new Map<string, CachedZone>();

/** The zone of an IANA name ('Europe/Berlin', 'UTC'). Throws RangeError for a name the runtime does not know. */
export function timeZoneOf(name: string): TimeZone {
	let zone = zones.get(name);
	if (!zone) zones.set(name, (zone = new CachedZone(name)));
	return zone;
}

/** Local minus UTC, in ms, at an instant. */
export function offsetMsAt(at: number, timeZone: string): number {
	return timeZoneOf(timeZone).spanAt(at).offsetMs;
}
