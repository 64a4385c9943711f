import { ConnectorError, z } from '../sdk/index.ts';

/** A moment in seconds, and the value as text: "NaN", "+Inf" and "-Inf" included. */
const sampleSchema = z.tuple([z.number(), z.union([z.string(), z.number()])]).rest(z.unknown());
const labelsSchema = z.record(z.string(), z.string());

const dataSchema = z.discriminatedUnion('resultType', [
	z.object({
		resultType: z.literal('vector'),
		result: z.array(z.object({ metric: labelsSchema, value: sampleSchema.optional() })),
	}),
	z.object({
		resultType: z.literal('matrix'),
		result: z.array(z.object({ metric: labelsSchema, values: z.array(sampleSchema).optional() })),
	}),
	z.object({ resultType: z.literal('scalar'), result: sampleSchema }),
	z.object({ resultType: z.literal('string'), result: sampleSchema }),
]);

/** The envelope of /api/v1/query and /api/v1/query_range, successful or not. */
export const queryAnswerSchema = z.union([
	z.object({ status: z.literal('success'), data: dataSchema }),
	z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

export type QueryAnswer = z.infer<typeof queryAnswerSchema>;

export interface Sample {
	at: number;
	value: number;
}

interface Line {
	labels: Record<string, string>;
	samples: Sample[];
}

/**
 * The one line a query draws, in the order of time. Values that are no numbers are gaps.
 * Throws QUERY_INVALID with the server's words, or when the query yields more than one line. Series that never have a value
 * at the same moment count as one line: a label changed on the way, as with every new version or pod.
 */
export function readLine(answer: QueryAnswer, words: (text: string) => string): Sample[] {
	if (answer.status === 'error') throw fromAnswer(answer, words);
	const lines = linesOf(answer.data);
	const byMoment = new Map<number, number>();
	for (const line of lines) {
		for (const { at, value } of line.samples) {
			if (byMoment.has(at)) throw severalSeries(lines, words);
			byMoment.set(at, value);
		}
	}
	return [...byMoment]
		.map(([at, value]) => ({ at, value }))
		.filter(({ value }) => Number.isFinite(value))
		.sort((a, b) => a.at - b.at);
}

function linesOf(data: Extract<QueryAnswer, { status: 'success' }>['data']): Line[] {
	switch (data.resultType) {
		case 'scalar':
			return [{ labels: {}, samples: [toSample(data.result)] }];
		case 'vector':
			return data.result.map(({ metric, value }) => ({
				labels: metric,
				samples: value ? [toSample(value)] : [],
			}));
		case 'matrix':
			return data.result.map(({ metric, values }) => ({
				labels: metric,
				samples: (values ?? []).map(toSample),
			}));
		case 'string':
			throw queryInvalid('This query gives text, which cannot be drawn. Ask for a number.');
	}
}

function toSample(raw: z.infer<typeof sampleSchema>): Sample {
	// Seconds with a fraction; the grid is whole seconds, and rounding removes what floating point adds.
	return { at: Math.round(raw[0] * 1000), value: Number(raw[1]) };
}

function severalSeries(lines: Line[], words: (text: string) => string): ConnectorError {
	const names = new Set(lines.flatMap((line) => Object.keys(line.labels)));
	const differing = [...names].filter(
		(name) => name !== '__name__' && new Set(lines.map((line) => line.labels[name])).size > 1,
	);
	const by = differing.length > 0 ? `, one per ${words(differing.slice(0, 3).join(', '))}` : '';
	return queryInvalid(
		`This query gives ${lines.length} series${by}, and a metric is one line. Wrap it in sum(…) or avg(…), or pick one series by its labels.`,
	);
}

function fromAnswer(
	answer: Extract<QueryAnswer, { status: 'error' }>,
	words: (text: string) => string,
): ConnectorError {
	// https://prometheus.io/docs/prometheus/latest/querying/api/: the other types are troubles of the server.
	if (answer.errorType === 'bad_data' || answer.errorType === 'execution') {
		const said = words(answer.error.replace(/^invalid parameter "query": /, '')).replace(/\.$/, '');
		return queryInvalid(`Prometheus cannot run this query: ${said}. Correct the query.`);
	}
	return new ConnectorError('SERVICE_ERROR');
}

export function queryInvalid(message: string): ConnectorError {
	return new ConnectorError('QUERY_INVALID', { message, field: 'queries' });
}
