import { describe, expect, it } from 'vitest';
import {
	ConnectorError,
	errorCatalogue,
	toPlain,
	type ConnectorErrorCode,
} from '../../../src/lib/server/integrations/sdk/errors.ts';
import { fromNetworkError } from '../../../src/lib/server/integrations/sdk/networkErrors.ts';

const codes = Object.keys(errorCatalogue) as ConnectorErrorCode[];

describe('error catalogue', () => {
	it.each(codes)('%s says calmly what happened and what to do', (code) => {
		const detail = { host: '127.0.0.1:9090', status: 503 };
		for (const message of [
			new ConnectorError(code).message,
			new ConnectorError(code, { detail }).message,
		]) {
			expect(message).toMatch(/^[A-Z0-9"].*\.$/);
			expect(message).not.toMatch(/!|oops|please|sorry|undefined|null/i);
			expect(message.length).toBeLessThan(220);
		}
	});

	it('gives each code a title of its own', () => {
		const titles = codes.map((code) => errorCatalogue[code].title);
		expect(new Set(titles).size).toBe(titles.length);
	});
});

describe('toPlain', () => {
	it('keeps what the UI needs and nothing else', () => {
		const error = new ConnectorError('PRIVATE_ADDRESS', {
			field: 'baseUrl',
			detail: { host: '127.0.0.1:9090', address: '127.0.0.1', bodyStart: 'inside' },
		});
		expect(toPlain(error)).toEqual({
			code: 'PRIVATE_ADDRESS',
			message: error.message,
			remedy: 'changeSetting',
			field: 'baseUrl',
			host: '127.0.0.1:9090',
		});
	});

	it.each([
		new TypeError('secret-token at line 3'),
		'secret-token',
		null,
		{ message: 'secret-token' },
	])('takes anything else for our bug and keeps its text out: %s', (thrown) => {
		const plain = toPlain(thrown);
		expect(plain).toMatchObject({ code: 'INTEGRATION_BUG', remedy: 'bug' });
		expect(JSON.stringify(plain)).not.toContain('secret-token');
	});
});

describe('network failures', () => {
	const withCode = (code: string, more = {}) =>
		new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }, more) });

	it.each([
		['ENOTFOUND', 'HOST_NOT_FOUND'],
		['EAI_AGAIN', 'HOST_NOT_FOUND'],
		['ECONNREFUSED', 'CONNECTION_REFUSED'],
		['ECONNRESET', 'CONNECTION_RESET'],
		['UND_ERR_SOCKET', 'CONNECTION_RESET'],
		['UND_ERR_CONNECT_TIMEOUT', 'TIMEOUT'],
		['EHOSTUNREACH', 'HOST_UNREACHABLE'],
		['CERT_HAS_EXPIRED', 'TLS_ERROR'],
		['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_ERROR'],
		['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS_ERROR'],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS_ERROR'],
		['EPROTO', 'TLS_ERROR'],
		['HPE_INVALID_CONSTANT', 'NOT_AN_API'],
		['Z_BUF_ERROR', 'INVALID_RESPONSE'],
		['SOMETHING_NEW', 'CONNECTION_FAILED'],
	])('S3-05 reads %s as %s', (code, expected) => {
		expect(fromNetworkError(withCode(code), 'h:1').code).toBe(expected);
	});

	it('S3-05 looks into both attempts of a dial', () => {
		const cause = new AggregateError([
			Object.assign(new Error(), { code: 'ECONNREFUSED' }),
			Object.assign(new Error(), { code: 'ECONNREFUSED' }),
		]);
		expect(fromNetworkError(new TypeError('fetch failed', { cause }), 'h:1').code).toBe(
			'CONNECTION_REFUSED',
		);
	});

	it.each([
		['EGRESS_PRIVATE_ADDRESS', 'PRIVATE_ADDRESS'],
		['EGRESS_FORBIDDEN', 'ADDRESS_FORBIDDEN'],
	])('SEC-9 passes on what the lookup refused: %s', (code, expected) => {
		for (const thrown of [
			withCode(code, { address: '127.0.0.1' }),
			Object.assign(new Error(code), { code, address: '127.0.0.1' }),
		])
			expect(fromNetworkError(thrown, 'rebind.example:80')).toMatchObject({
				code: expected,
				detail: { host: 'rebind.example:80', address: '127.0.0.1' },
			});
		expect(fromNetworkError(new Error(`Uncaught ${code}: refused`), 'h:1').code).toBe(expected);
	});

	it('ends on a cause that leads back to itself', () => {
		const error = new Error('loop');
		error.cause = error;
		expect(fromNetworkError(error, 'h:1').code).toBe('CONNECTION_FAILED');
	});
});
