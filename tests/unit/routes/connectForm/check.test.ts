import { describe, expect, it } from 'vitest';
import {
	defaultName,
	hostOf,
	missingFields,
	placeFailure,
	reasonNotToConnect,
	rowOf,
} from '../../../../src/routes/(app)/connectForm/check.ts';
import { layoutOf, propertiesOf } from '../../../../src/routes/(app)/connectForm/properties.ts';
import { initialValues } from '../../../../src/routes/(app)/connectForm/values.ts';
import { manifest } from './manifest.ts';

const properties = propertiesOf(manifest, 'basic');
const row = { rowKey: 'a', id: '', name: '', query: '', unit: 'none', kind: 'gauge' };

describe('missingFields', () => {
	it('names every required field that is empty and no other', () => {
		const errors = missingFields(properties, initialValues(properties));
		expect(Object.keys(errors).sort()).toEqual(['baseUrl', 'password', 'queries', 'username']);
	});

	it('asks for the missing half of a row at its own cell, and leaves blank rows alone', () => {
		const values = {
			...initialValues(properties, { baseUrl: 'http://a', username: 'u' }),
			password: 'p',
			queries: [{ ...row, query: 'up' }, row, { ...row, name: 'Load' }],
		};
		expect(Object.keys(missingFields(properties, values)).sort()).toEqual([
			'queries.0.name',
			'queries.2.query',
		]);
	});

	it('takes an empty credential for the stored one while reconnecting', () => {
		const values = { ...initialValues(properties), baseUrl: 'http://a' };
		const stored = missingFields(properties, values, ['username', 'password']);
		expect(Object.keys(stored)).toEqual(['queries']);
		expect(missingFields(properties, values)).toHaveProperty('password');
	});
});

describe('placeFailure', () => {
	const failure = { message: 'Nothing answers there.', remedy: 'changeSetting' as const };

	it.each([
		'HOST_NOT_FOUND',
		'CONNECTION_REFUSED',
		'TLS_ERROR',
		'NOT_AN_API',
		'URL_INVALID',
		'NOT_FOUND',
	])('puts %s at the address', (code) => {
		const placed = placeFailure({ ...failure, code }, properties);
		expect(placed).toEqual({ fields: { baseUrl: failure.message }, panel: null });
	});

	it('puts a rejected credential at the first secret and an invalid query at the queries', () => {
		expect(placeFailure({ ...failure, code: 'AUTH_REJECTED' }, properties).fields).toHaveProperty(
			'password',
		);
		expect(placeFailure({ ...failure, code: 'QUERY_INVALID' }, properties).fields).toHaveProperty(
			'queries',
		);
	});

	it('keeps the panel of a private address beside the field, because it carries the way out', () => {
		const private_ = { ...failure, code: 'PRIVATE_ADDRESS', host: '127.0.0.1:9090' };
		const placed = placeFailure(private_, properties);
		expect(placed.fields).toHaveProperty('baseUrl');
		expect(placed.panel?.host).toBe('127.0.0.1:9090');
	});

	it('shows what belongs to no field of this form as a panel', () => {
		expect(placeFailure({ ...failure, code: 'SERVICE_ERROR' }, properties).panel?.code).toBe(
			'SERVICE_ERROR',
		);
		const foreign = {
			...failure,
			code: 'PROPERTY_INVALID',
			field: 'elsewhere',
			fields: { elsewhere: 'x' },
		};
		expect(placeFailure(foreign, properties).panel?.code).toBe('PROPERTY_INVALID');
		expect(
			placeFailure({ ...failure, code: 'AUTH_REJECTED' }, propertiesOf(manifest, 'none')).panel,
		).not.toBeNull();
	});

	it('understands both spellings of a row and keeps every sentence', () => {
		const fields = { 'queries[1].query': 'Bad.', baseUrl: 'Worse.' };
		const placed = placeFailure({ ...failure, code: 'PROPERTY_INVALID', fields }, properties);
		expect(placed).toEqual({
			fields: { 'queries.1.query': 'Bad.', baseUrl: 'Worse.' },
			panel: null,
		});
	});
});

describe('rowOf', () => {
	const rows = [{ name: 'Orders' }, { name: ' Load ' }];

	it('finds the row a sentence speaks of, by number or by name', () => {
		expect(rowOf('Row 2: Too long.', rows)).toEqual({ index: 1, message: 'Too long.' });
		expect(rowOf('"Load": parse error: x', rows)).toEqual({ index: 1, message: 'parse error: x' });
		expect(rowOf('"Gone": parse error', rows)).toBeNull();
		expect(rowOf('Add at least one query.', rows)).toBeNull();
		expect(rowOf('Row 9: Too long.', rows)).toBeNull();
	});
});

describe('reasonNotToConnect', () => {
	const untested = { errorCount: 0, hasPanel: false, isTested: false, isTesting: false };

	it('says what stands in the way, and nothing once tested', () => {
		expect(reasonNotToConnect(untested)).toMatch(/^Test first/);
		expect(reasonNotToConnect({ ...untested, errorCount: 1 })).toBe(
			'Fix 1 field first. Nothing was saved.',
		);
		expect(reasonNotToConnect({ ...untested, errorCount: 2 })).toContain('2 fields');
		expect(reasonNotToConnect({ ...untested, hasPanel: true })).toBe(
			'Not connected. Nothing was saved.',
		);
		expect(reasonNotToConnect({ ...untested, isTesting: true })).toContain('Waiting');
		expect(reasonNotToConnect({ ...untested, isTested: true })).toBeNull();
	});
});

describe('layoutOf', () => {
	it('asks where, then who, then what, and hides the rest behind "More settings"', () => {
		const layout = layoutOf(manifest, 'basic');
		const names = Object.fromEntries(
			Object.entries(layout).map(([part, list]) => [
				part,
				list.map((property: { name: string }) => property.name),
			]),
		);
		expect(names).toEqual({
			address: ['baseUrl'],
			credentials: ['username', 'password'],
			settings: ['project', 'boxes', 'queries'],
			advanced: ['step', 'strict'],
		});
	});
});

describe('hostOf and defaultName', () => {
	it('reads the host of an address and nothing of half of one', () => {
		expect(hostOf(' http://127.0.0.1:9090/graph ')).toBe('127.0.0.1:9090');
		expect(hostOf('https://metrics.acme.eu')).toBe('metrics.acme.eu');
		expect(hostOf('127.0.0.1')).toBeNull();
	});

	it('names an account by company and service, and numbers what is taken', () => {
		expect(defaultName('Prometheus', 'Acme', true, [])).toBe('Acme Prometheus');
		expect(defaultName('This server', 'Acme', false, [])).toBe('This server');
		expect(defaultName('Gauges', '', true, ['gauges', 'Gauges 2'])).toBe('Gauges 3');
	});
});
