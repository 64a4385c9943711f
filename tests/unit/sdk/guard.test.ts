import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAddress } from '../../../src/lib/server/integrations/sdk/addresses.ts';
import { ConnectorError } from '../../../src/lib/server/integrations/sdk/errors.ts';
import { judgeUrl, normaliseAllowedHost } from '../../../src/lib/server/integrations/sdk/guard.ts';

/** The code a URL is refused with, or "allowed". */
function verdict(url: string, allowed: string[] = []): string {
	try {
		judgeUrl(url, allowed);
		return 'allowed';
	} catch (error) {
		if (error instanceof ConnectorError) return error.code;
		throw error;
	}
}

describe('the outbound guard', () => {
	it.each([
		'http://127.0.0.1:9090',
		'http://localhost:9090',
		'http://sub.localhost',
		'http://127.1',
		'http://0.0.0.0:8080',
		'http://0',
		'http://LOCALHOST.',
	])('SEC-1 refuses this machine: %s', (url) => {
		expect(verdict(url)).toBe('PRIVATE_ADDRESS');
	});

	it.each([
		'http://2130706433',
		'http://0x7f000001',
		'http://0177.0.0.1',
		'http://127.0.0.1.',
		'http://0x7f.1',
		'http://017700000001',
	])('SEC-2 refuses it in disguise: %s', (url) => {
		expect(verdict(url)).toBe('PRIVATE_ADDRESS');
	});

	it.each([
		['http://[::1]:80', 'PRIVATE_ADDRESS'],
		['http://[::]', 'PRIVATE_ADDRESS'],
		['http://[fe80::1]', 'PRIVATE_ADDRESS'],
		['http://[fe80::1%25lo]', 'URL_INVALID'],
		['http://[fc00::1]', 'PRIVATE_ADDRESS'],
		['http://[fdff:1234::1]', 'PRIVATE_ADDRESS'],
		['http://[ff02::1]', 'PRIVATE_ADDRESS'],
	])('SEC-3 refuses private IPv6: %s', (url, code) => {
		expect(verdict(url)).toBe(code);
	});

	it.each([
		'http://[::ffff:127.0.0.1]',
		'http://[::ffff:7f00:1]',
		'http://[::127.0.0.1]',
		'http://[64:ff9b::7f00:1]',
		'http://[64:ff9b:1::a00:1]',
		'http://[2002:7f00:1::]',
		'http://[::ffff:0:127.0.0.1]',
		'http://[2001::7f00:1]',
	])('SEC-4 refuses IPv4 inside IPv6: %s', (url) => {
		expect(verdict(url)).toBe('PRIVATE_ADDRESS');
	});

	it('SEC-4 judges the address inside like the address itself', () => {
		fc.assert(
			fc.property(fc.ipV4(), (address) => {
				const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
				const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
				const verdicts = [`::ffff:${hex}`, `64:ff9b::${hex}`, `2002:${hex}::`].map(judgeAddress);
				expect(new Set([...verdicts, judgeAddress(address)]).size).toBe(1);
			}),
		);
	});

	it.each([
		'10.1.2.3',
		'172.16.0.1',
		'172.31.255.255',
		'192.168.1.1',
		'100.64.0.1',
		'198.18.0.1',
		'224.0.0.1',
		'240.0.0.1',
		'255.255.255.255',
	])('SEC-5 refuses %s unless the owner allowed it', (address) => {
		expect(verdict(`http://${address}:9090`)).toBe('PRIVATE_ADDRESS');
		expect(verdict(`http://${address}:9090`, [`${address}:9090`])).toBe('allowed');
		expect(verdict(`http://${address}:9091`, [`${address}:9090`])).toBe('PRIVATE_ADDRESS');
	});

	it.each([
		'http://169.254.169.254/latest/meta-data',
		'http://[fd00:ec2::254]',
		'http://metadata.google.internal',
		'http://metadata.google.internal.',
		'http://[::ffff:169.254.169.254]',
		'http://2852039166',
		'http://169.254.170.2',
		'http://100.100.100.200',
	])('SEC-6 never calls %s, allowed or not', (url) => {
		const { hostname } = new URL(url);
		const allowed = [`${hostname}:80`, `${hostname.replace(/\.$/, '')}:80`];
		expect(verdict(url, allowed)).toBe('ADDRESS_FORBIDDEN');
		expect(() => normaliseAllowedHost(allowed[1]!)).toThrow(
			expect.objectContaining({ code: 'ADDRESS_FORBIDDEN' }),
		);
	});

	it.each([
		['http://１２７.０.０.１', 'PRIVATE_ADDRESS'],
		['http://127。0。0。1', 'PRIVATE_ADDRESS'],
		['http://ⓛocalhost', 'PRIVATE_ADDRESS'],
		['http://①②⑦.0.0.1', 'PRIVATE_ADDRESS'],
		['http://xn--80ak6aa92e.com', 'allowed'],
		['http://bücher.example', 'allowed'],
		['http://%31%32%37.0.0.1', 'PRIVATE_ADDRESS'],
	])('SEC-8 judges %s after decoding it', (url, code) => {
		expect(verdict(url)).toBe(code);
	});

	it.each([
		'http://user:pass@example.com',
		'http://user@example.com',
		'http://@example.com',
		'http://example.com\\@evil.example',
		'http://good.example#@evil.example',
		'http://exa\tmple.com',
		'http://example.com/\n',
		' http://example.com',
		'file:///etc/passwd',
		'gopher://example.com',
		'data:text/plain,hi',
		'ftp://example.com',
		'javascript:alert(1)',
		'http:///example.com@evil.example',
		'http:example.com',
		'example.com',
		'http://.',
		'',
	])('SEC-14 refuses %j', (url) => {
		expect(verdict(url)).toBe('URL_INVALID');
	});

	it.each([22, 25, 6379, 5432, 2375, 11211])('SEC-14 refuses port %i unless allowed', (port) => {
		expect(verdict(`http://example.com:${port}`)).toBe('PORT_FORBIDDEN');
		expect(verdict(`http://example.com:${port}`, [`example.com:${port}`])).toBe('allowed');
	});

	it('lets public addresses through, with the port written out', () => {
		expect(judgeUrl('https://api.github.com/user', []).hostKey).toBe('api.github.com:443');
		expect(judgeUrl('http://93.184.216.34:8080', []).hostKey).toBe('93.184.216.34:8080');
		expect(judgeUrl('https://[2606:4700::1111]/', []).hostKey).toBe('[2606:4700::1111]:443');
	});

	it('never lets a random address through that is not globally reachable', () => {
		const first = (address: string): number => Number(address.split('.')[0]);
		fc.assert(
			fc.property(fc.ipV4(), (address) => {
				const isObviouslyPrivate = [0, 10, 127].includes(first(address)) || first(address) >= 224;
				if (isObviouslyPrivate) expect(verdict(`http://${address}`)).not.toBe('allowed');
			}),
			{ numRuns: 500 },
		);
	});

	it('either refuses a text or calls exactly the host it names', () => {
		fc.assert(
			fc.property(
				fc.oneof(
					fc.webUrl(),
					fc.string(),
					fc.string().map((s) => `http://${s}`),
				),
				(text) => {
					if (verdict(text) !== 'allowed') return;
					const judged = judgeUrl(text, []);
					expect(judgeAddress(judged.url.hostname) === 'forbidden').toBe(false);
					expect(judged.url.username + judged.url.password + judged.url.hash).toBe('');
					expect(judgeUrl(judged.url.href, []).hostKey).toBe(judged.hostKey);
				},
			),
			{ numRuns: 500 },
		);
	});

	it.each([
		['127.0.0.1:9090', '127.0.0.1:9090'],
		[' LocalHost:9090 ', 'localhost:9090'],
		['127.1:80', '127.0.0.1:80'],
		['[::1]:9090', '[::1]:9090'],
	])('brings %j into the form of the allow list', (input, key) => {
		expect(normaliseAllowedHost(input)).toBe(key);
		expect(verdict(`http://${key}/`, [key])).toBe('allowed');
	});

	it.each(['127.0.0.1', 'http://127.0.0.1:9090', 'a@b:80', 'x:99999', ''])(
		'does not take %j for host and port',
		(input) => {
			expect(() => normaliseAllowedHost(input)).toThrow(ConnectorError);
		},
	);
});
