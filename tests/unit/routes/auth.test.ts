import { describe, expect, it } from 'vitest';
import { PASSWORD_MIN_LENGTH } from '../../../convex/lib/auth.ts';
import {
	authErrorText,
	authFailureOf,
	missingOwnerFields,
} from '../../../src/routes/(auth)/authErrors.ts';
import { minPasswordLength, passwordStrength } from '../../../src/routes/(auth)/password.ts';
import { nextPath } from '../../../src/routes/(auth)/sign-in/nextPath.ts';
import { deviceOf } from '../../../src/routes/(app)/settings/device.ts';

describe('password', () => {
	it('asks for the length the server asks for', () => {
		expect(minPasswordLength).toBe(PASSWORD_MIN_LENGTH);
	});

	it('judges by length, repetition and personal words', () => {
		expect(passwordStrength('')).toMatchObject({ bars: 0, isEnough: false });
		expect(passwordStrength('short')).toMatchObject({ bars: 1, isEnough: false });
		expect(passwordStrength('aaaaaaaaaaaaaaaa').text).toMatch(/repeats/);
		expect(passwordStrength('maya-lindqvist-2026', ['Lindqvist']).text).toMatch(/own data/);
		expect(passwordStrength('kelp under ten boats')).toMatchObject({ bars: 4, isEnough: true });
	});
});

describe('nextPath', () => {
	it.each([
		'//evil.example',
		'/\\evil.example',
		'https://evil.example',
		'/\t/evil.example',
		'javascript:alert(1)',
		'',
		null,
	])('does not leave this site for %j', (next) => expect(nextPath(next)).toBe('/'));

	it('goes back to where the person was', () => {
		expect(nextPath('/connections/abc?tab=runs')).toBe('/connections/abc?tab=runs');
	});
});

describe('auth errors in words', () => {
	it('tells a wrong password from a lost server and from too many tries', () => {
		expect(authErrorText({ code: 'INVALID_EMAIL_OR_PASSWORD', status: 401 })).toMatch(
			/do not belong together/,
		);
		expect(authErrorText({ status: 429 })).toMatch(/Too many tries/);
		expect(authErrorText({})).toMatch(/did not answer/);
		expect(authErrorText({ status: 500, message: 'stack trace' })).not.toContain('stack');
	});

	it('reads refusals of our own functions, with their fields', () => {
		const thrown = { data: { code: 'VALIDATION', message: 'Bad.', fields: { email: 'Bad.' } } };
		expect(authFailureOf(thrown)).toMatchObject({ code: 'VALIDATION', fields: { email: 'Bad.' } });
		expect(authErrorText(authFailureOf({ data: { code: 'SETUP_CLOSED' } }))).toMatch(
			/Sign in instead/,
		);
		expect(authErrorText(authFailureOf(new TypeError('fetch failed')))).toMatch(/did not answer/);
	});

	it('asks for what is missing before anything is sent', () => {
		const empty = {
			name: '',
			email: 'x',
			password: '',
			workspaceName: ' ',
			code: '',
			minPasswordLength,
		};
		expect(Object.keys(missingOwnerFields({ ...empty, needsCode: true })).sort()).toEqual([
			'code',
			'email',
			'name',
			'password',
			'workspaceName',
		]);
		expect(missingOwnerFields({ ...empty, needsCode: false })).not.toHaveProperty('code');
	});
});

describe('deviceOf', () => {
	it('reads the usual browsers', () => {
		const chrome =
			'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36';
		expect(deviceOf(chrome)).toEqual({ name: 'Chrome on Linux', isPhone: false });
		const iphone =
			'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1';
		expect(deviceOf(iphone)).toEqual({ name: 'Safari on iPhone', isPhone: true });
		expect(deviceOf(null).name).toBe('Unknown device');
	});
});
