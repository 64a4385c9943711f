import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../../convex/_generated/api.js';
import { formatAge, formatValue } from '../../../lib/metrics/format.ts';
import { formatClock, formatDay, formatMoment } from '../../../lib/metrics/formatTime.ts';
import { needsALook } from '../health.ts';
import { inSentence } from '../text.ts';

export type Overview = FunctionReturnType<typeof api.metrics.overview>;
export type Card = Overview['groups'][number]['cards'][number];

/** What a card shows: the number, or why there is none. */
export type CardState = 'value' | 'late' | 'broken' | 'loading' | 'empty';

/** A number is always worth showing, however old; only its age and edge change. */
export function cardState(card: Pick<Card, 'value' | 'health'>): CardState {
	if (card.health === 'needsReauth' || card.health === 'failing') return 'broken';
	if (card.value === null) return card.health === 'syncing' ? 'loading' : 'empty';
	return card.health === 'late' || card.health === 'waiting' ? 'late' : 'value';
}

export interface OverviewCounts {
	fresh: number;
	needALook: number;
	/** Connected in good order, without a point so far. */
	notYet: number;
}

/** Every card counts once; what has no point yet is neither fresh nor a complaint. */
export function countCards(groups: Overview['groups']): OverviewCounts {
	const counts = { fresh: 0, needALook: 0, notYet: 0 };
	for (const { health, lastPointAt } of groups.flatMap((group) => group.cards)) {
		if (needsALook(health)) counts.needALook++;
		else if (lastPointAt === null) counts.notYet++;
		else counts.fresh++;
	}
	return counts;
}

/** "7 of 8 fresh", "No points yet". */
export function freshText({ fresh, needALook }: OverviewCounts): string {
	const total = fresh + needALook;
	return total === 0 ? 'No points yet' : `${fresh} of ${total} fresh`;
}

/** Why a card that is in good order shows no number. */
export function emptyReason(
	card: Pick<Card, 'failure' | 'health' | 'lastPointAt'>,
	now: number,
	timeZone: string,
): string {
	if (card.failure) return card.failure.message;
	if (card.health === 'paused')
		return 'Syncing is paused, so counting stands still. Resume it on the connection.';
	return card.lastPointAt === null
		? 'Counting starts now. The first point arrives with the next sync.'
		: `Nothing in this range. Newest point: ${inSentence(formatMoment(card.lastPointAt, now, timeZone))}.`;
}

export interface Mark {
	kind: 'fresh' | 'syncing' | 'late' | 'broken' | 'none';
	text: string;
	spoken: string;
}

/** The freshness at a card's right: how old the newest point is, or what is the matter. */
export function cardMark(
	card: Pick<Card, 'value' | 'health' | 'failure' | 'lastPointAt'>,
	now: number,
	timeZone: string,
): Mark {
	const age = card.lastPointAt === null ? null : formatAge(now - card.lastPointAt);
	const ago = age === null ? '' : `, ${age} ago`;
	switch (card.health) {
		case 'needsReauth':
			return { kind: 'broken', text: 'Disconnected', spoken: 'disconnected' };
		case 'failing':
			return { kind: 'broken', text: 'Failing', spoken: 'failing' };
		case 'waiting': {
			const until = card.failure?.retryAt
				? `until ${formatClock(card.failure.retryAt, timeZone)}`
				: 'Waiting';
			return { kind: 'late', text: until, spoken: `waiting ${until}` };
		}
		case 'late':
			return { kind: 'late', text: age ?? 'Late', spoken: `late${ago}` };
		case 'paused':
			return { kind: 'none', text: 'Paused', spoken: `paused${ago}` };
		case 'syncing':
			return card.value === null
				? { kind: 'syncing', text: 'Loading', spoken: 'loading' }
				: { kind: 'syncing', text: age ?? 'Syncing', spoken: `syncing${ago}` };
		default:
			if (age === null) return { kind: 'none', text: 'No data yet', spoken: 'no data yet' };
			return { kind: 'fresh', text: age, spoken: `fresh${ago}` };
	}
}

export interface Compared {
	/** First instant of the range. */
	from: number;
	rangeDays: number;
	timeZone: string;
}

/** "€46,271 on 21 Oct", "28 previous 30 days · lower is better": what the chip compares with. */
export function comparedWith(card: Card, { from, rangeDays, timeZone }: Compared): string | null {
	if (card.previous === null) return null;
	const before = formatValue(card.previous, card.unit);
	const when =
		card.kind === 'gauge'
			? `on ${formatDay(from - 1, timeZone).replace(/ \d{4}$/, '')}`
			: `previous ${rangeDays} days`;
	return `${before} ${when}${card.direction === 'down' ? ' · lower is better' : ''}`;
}

/** One sentence on why a late number is late. */
export function lateReason(
	card: Pick<Card, 'failure' | 'lastPointAt' | 'health'>,
	now: number,
	timeZone: string,
): string {
	if (card.failure) return card.failure.message;
	const last =
		card.lastPointAt === null
			? ''
			: ` Last point ${formatMoment(card.lastPointAt, now, timeZone)}.`;
	return card.health === 'waiting'
		? `The service asked us to wait.${last}`
		: `Nothing new arrived when it should have.${last}`;
}
