import {
	ConnectorError,
	type ConnectionContext,
	type MetricInstance,
	type QueryRow,
} from '../sdk/index.ts';
import { queryAnswerSchema, queryInvalid, readLine, type Sample } from './parse.ts';
import type { Slice } from './plan.ts';
import { deltaWindowMs } from './promql.ts';

const minuteMs = 60_000;

/** Below our own deadline, so that the server gives up first and says why. */
const serverTimeout = '25s';

export const windowOf = ({
	description,
}: Pick<MetricInstance, 'description'>): number | undefined => deltaWindowMs(description);

/** One evaluation, or a range of them; both paths of the API give the same envelope. */
export async function readSlice(
	ctx: ConnectionContext,
	{ description: query, kind }: Pick<MetricInstance, 'description' | 'kind'>,
	slice: Slice,
): Promise<Sample[]> {
	const { fromAt, toAt, stepMs } = slice;
	const isOne = fromAt === toAt;
	const { data } = await ctx.http.json({
		path: isOne ? '/api/v1/query' : '/api/v1/query_range',
		query: {
			query,
			...(isOne
				? { time: toAt / 1000 }
				: { start: fromAt / 1000, end: toAt / 1000, step: stepMs / 1000 }),
			timeout: serverTimeout,
		},
		// 400: the query does not parse; 422: it parses but cannot be executed.
		expect: { statuses: [400, 422] },
	});
	const answer = queryAnswerSchema.safeParse(data);
	if (!answer.success) throw new ConnectorError('INVALID_RESPONSE');
	const samples = readLine(answer.data, (text) => ctx.http.redact(text));
	if (kind === 'delta' && deltaWindowMs(query) === undefined)
		throw queryInvalid(
			'A query that counts needs one range that divides the hour or the day, like increase(requests_total[5m]). Change the range, or choose the kind "gauge".',
		);
	return samples;
}

/** The value at this minute; undefined when there is none. */
export async function currentValue(
	ctx: ConnectionContext,
	{ query, kind }: Pick<QueryRow, 'query' | 'kind'>,
): Promise<Sample | undefined> {
	const at = Math.floor(ctx.clock.now() / minuteMs) * minuteMs;
	const slice = { seriesKey: '', fromAt: at, toAt: at, stepMs: minuteMs, shiftMs: 0 };
	const [sample] = await readSlice(ctx, { description: query, kind }, slice);
	return sample;
}

/** Says which of a person's queries it was. */
export function named(error: unknown, name: string): ConnectorError {
	if (!(error instanceof ConnectorError))
		return new ConnectorError('INTEGRATION_BUG', { cause: error });
	return error.code === 'QUERY_INVALID' ? queryInvalid(`"${name}": ${error.message}`) : error;
}
