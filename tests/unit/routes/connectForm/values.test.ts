import { describe, expect, it } from 'vitest';
import { propertiesOf } from '../../../../src/routes/(app)/connectForm/properties.ts';
import {
	initialValues,
	isFilled,
	payloadOf,
	withoutSecrets,
} from '../../../../src/routes/(app)/connectForm/values.ts';
import { manifest } from './manifest.ts';

const properties = propertiesOf(manifest, 'basic');

describe('initialValues', () => {
	it('takes defaults, and begins a list of queries with one empty row', () => {
		const values = initialValues(properties);
		expect(values).toMatchObject({ baseUrl: '', step: '60', strict: false, boxes: [] });
		expect(values.queries).toMatchObject([{ id: '', name: '', query: '' }]);
	});

	it('fills in stored settings but never a secret', () => {
		const stored = {
			baseUrl: 'http://a',
			password: 'must not be shown',
			boxes: ['x', 'y'],
			queries: [{ id: 'cpu', name: 'CPU', query: 'up', unit: { currency: 'CHF' }, kind: 'delta' }],
		};
		const values = initialValues(properties, stored);
		expect(values).toMatchObject({ baseUrl: 'http://a', password: '', boxes: ['x', 'y'] });
		expect(values.queries).toMatchObject([{ id: 'cpu', unit: 'currency:CHF', kind: 'delta' }]);
	});
});

describe('payloadOf', () => {
	const filled = {
		...initialValues(properties),
		username: ' maya ',
		password: ' s3cret\n',
		baseUrl: ' http://a ',
		step: '1,5',
		queries: [
			{ rowKey: 'a', id: 'cpu', name: ' CPU ', query: ' up ', unit: 'currency:EUR', kind: 'gauge' },
			{ rowKey: 'b', id: '', name: '', query: ' ', unit: 'none', kind: 'gauge' },
			{ rowKey: 'c', id: '', name: 'New', query: 'down', unit: 'none', kind: 'cumulative' },
		],
	};

	it('trims, turns numbers into numbers and leaves blank rows out', () => {
		expect(payloadOf(properties, filled)).toEqual({
			username: 'maya',
			password: 's3cret',
			baseUrl: 'http://a',
			project: '',
			boxes: [],
			step: 1.5,
			strict: false,
			queries: [
				{ id: 'cpu', name: 'CPU', query: 'up', unit: { currency: 'EUR' }, kind: 'gauge' },
				{ name: 'New', query: 'down', unit: 'none', kind: 'cumulative' },
			],
		});
	});

	it('sends only what the chosen way of signing in needs', () => {
		const sent = payloadOf(propertiesOf(manifest, 'none'), filled);
		expect(sent).not.toHaveProperty('password');
		expect(sent).not.toHaveProperty('username');
	});

	it('leaves an empty credential out, so that it cannot overwrite the stored one, but sends an emptied setting', () => {
		const sent = payloadOf(properties, { ...filled, username: '', password: '  ', project: '' }, [
			'username',
			'password',
		]);
		expect(sent).not.toHaveProperty('username');
		expect(sent).not.toHaveProperty('password');
		expect(sent.project).toBe('');
	});

	it('lets the server judge what is no number', () => {
		expect(payloadOf(properties, { ...filled, step: 'soon' }).step).toBe('soon');
	});
});

describe('isFilled and withoutSecrets', () => {
	it('does not count spaces or blank rows', () => {
		expect(isFilled('  ')).toBe(false);
		expect(isFilled(initialValues(properties).queries)).toBe(false);
		expect(isFilled(['a'])).toBe(true);
	});

	it('forgets secrets and nothing else', () => {
		const values = { ...initialValues(properties), password: 's3cret', username: 'maya' };
		expect(withoutSecrets(properties, values)).toEqual({ ...values, password: '' });
	});
});
