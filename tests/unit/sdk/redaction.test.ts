import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64Of, basicToken } from '../../../src/lib/server/integrations/sdk/auth.ts';
import { createRedactor } from '../../../src/lib/server/integrations/sdk/redaction.ts';

const secretText = fc.string({ minLength: 4, maxLength: 60, unit: 'grapheme' });

describe('redaction', () => {
	it('removes a secret in any form it travels in, wherever the text is cut', () => {
		fc.assert(
			fc.property(
				secretText,
				fc.string(),
				fc.string(),
				fc.nat(300),
				(secret, before, after, maxChars) => {
					fc.pre(!'[redacted]'.includes(secret));
					const { text } = createRedactor({ secrets: [secret], names: [] });
					const wellFormed = secret.replace(/\p{Surrogate}/gu, '\ufffd');
					const forms = [secret, encodeURIComponent(wellFormed), base64Of(secret)];
					for (const form of forms) {
						const out = text(`${before}${form}${after}`, maxChars);
						expect(out.length).toBeLessThanOrEqual(maxChars);
						// What stands around it may happen to complete it again.
						if (!`${before}${after}`.includes(form[0]!)) expect(out).not.toContain(form);
					}
				},
			),
		);
	});

	it('removes it from escaped JSON as Go writes it, and from HTML', () => {
		const secret = 'a&b<c>"d';
		const { text } = createRedactor({ secrets: [secret], names: [] });
		for (const form of ['a\\u0026b\\u003cc\\u003e\\"d', 'a&amp;b&lt;c&gt;"d', 'a%26b%3Cc%3E%22d'])
			expect(text(`x ${form} y`, 200)).toBe('x [redacted] y');
	});

	it('leaves no half of a secret at the edge of a cut', () => {
		const secret = 'ghp_0123456789';
		const { text } = createRedactor({ secrets: [secret], names: [] });
		for (let cut = 0; cut < 40; cut++)
			expect(text(`token ${secret} end`, cut)).not.toContain('ghp_');
	});

	it('removes the header of a Basic sign-in, and the user name', () => {
		const { text } = createRedactor({ secrets: ['correct horse'], names: ['tributary'] });
		const out = text(`Basic ${basicToken('tributary', 'correct horse')} for tributary`, 200);
		expect(out).not.toContain(base64Of('tributary:correct horse').slice(0, -2));
		expect(out).not.toContain('tributary');
	});

	it('drops a text as a whole when the secret is too short to be found', () => {
		const redactor = createRedactor({ secrets: ['ab'], names: [] });
		expect(redactor.text('the fabled cabbage', 200)).toBe('[redacted]');
		expect(redactor.path('/api?x=ab&y=cab')).toBe('/api?x=[redacted]&y=cab');
	});

	it('hides parameters that carry secrets by their name', () => {
		const { path } = createRedactor({ secrets: [], names: [] });
		expect(path('/x?api_key=1&page=2&access_token=3&monkey=4')).toBe(
			'/x?api_key=[redacted]&page=2&access_token=[redacted]&monkey=4',
		);
		expect(path('/api/v1/query?query=sum(rate(x[5m]))')).toBe(
			'/api/v1/query?query=sum(rate(x[5m]))',
		);
	});
});
