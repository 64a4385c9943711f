import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	auth,
	BaseIntegration,
	ConnectorError,
	parseInput,
	property,
	readCheckpoint,
	snapshotAt,
	writeCheckpoint,
	z,
	type Json,
	type MetricPage,
	type TestConnectionResult,
} from '../../../src/lib/server/integrations/sdk/index.ts';
import { queriesSchema } from '../../../src/lib/server/integrations/sdk/queryRows.ts';

class Sample extends BaseIntegration {
	readonly id = 'sample';
	readonly name = 'Sample';
	readonly description = 'A sample.';
	readonly category = 'operations';
	readonly auth = [
		auth.none({ id: 'none', label: 'None' }),
		auth.secretText({ id: 'key', label: 'Key', name: 'apiKey', secretLabel: 'API key' }),
		auth.basic({ id: 'basic', label: 'Basic' }),
	];
	readonly settings = {
		baseUrl: property.url({ label: 'Address' }),
		note: property.text({ label: 'Note', required: false }),
		size: property.number({ label: 'Size', default: 10, min: 1, max: 100, isInteger: true }),
		isDeep: property.checkbox({ label: 'Deep', default: false }),
		mode: property.select({
			label: 'Mode',
			default: 'a',
			options: [
				{ value: 'a', label: 'A' },
				{ value: 'b', label: 'B' },
			],
		}),
	};
	readonly metrics = [];
	readonly dataStrategy = 'snapshot';
	readonly shouldBackfill = false;
	readonly historicalDays = 0;
	readonly syncEveryMinutes = 60;
	readonly guide = { title: '', steps: [] };
	readonly quirks = [];
	async testConnection(): Promise<TestConnectionResult> {
		return { account: { id: '1', name: 'One' } };
	}
	async *fetchMetrics(): AsyncGenerator<MetricPage, void, void> {}
}

const sample = new Sample();
const baseUrl = 'https://metrics.example.com';
const fieldsOf = (authId: string, values: Record<string, Json>): Record<string, string> => {
	try {
		parseInput(sample, authId, values);
		return {};
	} catch (error) {
		if (error instanceof ConnectorError && error.fields) return error.fields;
		throw error;
	}
};

describe('parseInput', () => {
	it('splits what is sealed from what may be read back, and fills in defaults', () => {
		const values = { apiKey: '  k-123  ', baseUrl, note: '', extra: 'ignored' };
		expect(parseInput(sample, 'key', values)).toEqual({
			authId: 'key',
			credentials: { apiKey: 'k-123' },
			settings: { baseUrl, size: 10, isDeep: false, mode: 'a' },
		});
	});

	it('S3-05 names every field that needs another look', () => {
		expect(fieldsOf('basic', { size: 0, mode: 'c', baseUrl: 'localhost:9090' })).toEqual({
			username: 'Enter the user name.',
			password: 'Enter the password.',
			baseUrl: 'Start the address with http:// or https://, like https://metrics.example.com.',
			size: 'Enter a number from 1 to 100.',
			mode: 'Choose one of the list.',
		});
		expect(fieldsOf('key', { baseUrl }).apiKey).toBe('Enter the API key.');
	});

	it('refuses a secret that would break out of its header', () => {
		expect(fieldsOf('key', { baseUrl, apiKey: 'abc\r\nX-Evil: 1' })).toHaveProperty('apiKey');
	});

	it('refuses an unknown way to sign in', () => {
		expect(fieldsOf('oauth', { baseUrl })).toHaveProperty('authId');
	});

	it('takes a half-filled form for options and previews, but not without credentials', () => {
		const half = parseInput(sample, 'key', { apiKey: 'k-123' }, { isPartial: true });
		expect(half.settings).not.toHaveProperty('baseUrl');
		expect(() => parseInput(sample, 'key', {}, { isPartial: true })).toThrow(ConnectorError);
	});

	it('throws nothing but PROPERTY_INVALID, whatever a client sends', () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (values, authId) => {
				try {
					parseInput(sample, authId, values as Record<string, Json>);
				} catch (error) {
					expect(error).toMatchObject({ code: 'PROPERTY_INVALID' });
				}
			}),
		);
	});
});

describe('query rows', () => {
	const rows = queriesSchema(3);
	it('gives each row an id that stays, made from its name when there is none', () => {
		const parsed = rows.parse([
			{ name: 'Requests per second', query: 'x' },
			{ id: 'mine', name: 'Requests  per second!', query: 'y', unit: 'bytes', kind: 'delta' },
		]);
		expect(parsed.map(({ id, unit, kind }) => [id, unit, kind])).toEqual([
			['requests_per_second', 'none', 'gauge'],
			['mine', 'bytes', 'delta'],
		]);
		expect(rows.parse(parsed)).toEqual(parsed);
	});

	it.each([
		[[], 'Add at least one query.'],
		[[{ name: '', query: 'x' }], 'Give the metric a name.'],
		[[{ name: 'A', query: ' ' }], 'Enter the query.'],
		[
			[
				{ name: 'A', query: 'x' },
				{ name: 'a', query: 'y' },
			],
			'Two queries are named "a". Give each its own name.',
		],
		[[1, 2, 3, 4].map((n) => ({ name: `N${n}`, query: 'x' })), 'Use at most 3 queries.'],
	])('refuses %j', (value, message) => {
		const result = rows.safeParse(value);
		expect(result.error?.issues[0]?.message).toBe(message);
	});
});

describe('checkpoints', () => {
	const position = z.object({ page: z.number() });
	const range = { startAt: 0, endAt: 100 };
	const read = (checkpoint: Json | null, asked = range) =>
		readCheckpoint({ checkpoint, range: asked }, position);

	it('keeps the range of the interrupted run', () => {
		const saved = writeCheckpoint(range, { page: 3 });
		expect(read(saved, { startAt: 0, endAt: 500 })).toEqual({
			range,
			position: { page: 3 },
			isDone: false,
		});
	});

	it('is done for the range it covered, and begins afresh for a later one', () => {
		const done = writeCheckpoint(range, null);
		expect(read(done).isDone).toBe(true);
		const later = { startAt: 100, endAt: 160 };
		expect(read(done, later)).toEqual({ range: later, position: null, isDone: false });
	});

	it.each<Json>([null, 7, 'x', {}, { startAt: 0, endAt: 1, isDone: false, position: 'odd' }])(
		'begins afresh with %j, which it cannot read',
		(checkpoint) => {
			expect(read(checkpoint)).toEqual({ range, position: null, isDone: false });
		},
	);

	it('dates a snapshot by the range, on the minute, and inside it', () => {
		expect(snapshotAt({ startAt: 0, endAt: 600_000 })).toBe(540_000);
		expect(snapshotAt({ startAt: 599_999, endAt: 600_000 })).toBe(599_999);
	});
});
