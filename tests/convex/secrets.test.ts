import { SECRET_KEY } from './env.ts';
import { afterEach, describe, expect, test } from 'vitest';
import {
	open,
	parseSecretKey,
	seal,
	UnsealError,
	type SealPlace,
} from '../../convex/lib/secrets.ts';
import { refusalOf } from './harness.ts';

const place: SealPlace = { workspaceId: 'w1', vaultId: 'v1', field: 'token', version: 1 };
const PLAIN = 'sk_live_canary_51Hxyz';

afterEach(() => {
	process.env.TRIBUTARY_SECRET_KEY = SECRET_KEY;
	delete process.env.TRIBUTARY_OLD_SECRET_KEYS;
});

/** A key nobody else uses. */
const freshKey = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));

describe('sealing', () => {
	test('opens where it was sealed, and never reads the same twice', async () => {
		const [one, two] = [await seal(PLAIN, place), await seal(PLAIN, place)];
		expect(await open(one.sealed, place)).toBe(PLAIN);
		expect(one.sealed).not.toBe(two.sealed);
		expect(one.sealed).not.toContain(PLAIN);
		expect(one.sealed.split('.')[1]).toBe(one.keyId);
	});

	test.each(['', 'ключ 🔑', 'x'.repeat(16_384)])('keeps any text whole', async (plain) => {
		expect(await open((await seal(plain, place)).sealed, place)).toBe(plain);
	});

	test.each<[string, Partial<SealPlace>]>([
		['workspace', { workspaceId: 'w2' }],
		['connection', { vaultId: 'v2' }],
		['field', { field: 'password' }],
		['version', { version: 2 }],
	])('SEC-18 a blob moved to another %s does not open', async (_what, elsewhere) => {
		const { sealed } = await seal(PLAIN, place);
		await expect(open(sealed, { ...place, ...elsewhere })).rejects.toThrow(UnsealError);
	});

	test('SEC-18 no choice of ids makes two places read the same', async () => {
		const { sealed } = await seal(PLAIN, { ...place, workspaceId: 'a', vaultId: 'b","c' });
		await expect(open(sealed, { ...place, workspaceId: 'a","b', vaultId: 'c' })).rejects.toThrow(
			UnsealError,
		);
	});

	test('SEC-18 a flipped bit anywhere, a swapped IV and a cut tag do not open', async () => {
		const { sealed } = await seal(PLAIN, place);
		const other = (await seal('another secret here', place)).sealed;
		const [format, keyId, body] = sealed.split('.') as [string, string, string];
		const bytes = decode(body);
		for (let i = 0; i < bytes.length; i++) {
			const flipped = bytes.slice();
			flipped[i]! ^= 1 << (i % 8);
			await expect(open(`${format}.${keyId}.${encode(flipped)}`, place)).rejects.toThrow(
				UnsealError,
			);
		}
		const swapped = Uint8Array.from([
			...decode(other.split('.')[2]!).slice(0, 12),
			...bytes.slice(12),
		]);
		for (const blob of [swapped, bytes.slice(0, -1), bytes.slice(0, 20), bytes.slice(0, 12)]) {
			await expect(open(`${format}.${keyId}.${encode(blob)}`, place)).rejects.toThrow(UnsealError);
		}
	});

	test.each(['', 'v1', 'v2.a.b', 'v1.a.b.c', 'v1..b', 'plain text secret'])(
		'SEC-18 what is no blob does not open: %s',
		async (text) => {
			await expect(open(text, place)).rejects.toThrow(UnsealError);
		},
	);

	test('SEC-19 an old key still opens when it is listed, and no longer when it is not', async () => {
		const { sealed, keyId } = await seal(PLAIN, place);
		process.env.TRIBUTARY_SECRET_KEY = freshKey();
		await expect(open(sealed, place)).rejects.toThrow(keyId);
		process.env.TRIBUTARY_OLD_SECRET_KEYS = SECRET_KEY;
		expect(await open(sealed, place)).toBe(PLAIN);
		expect((await seal(PLAIN, place)).keyId).not.toBe(keyId);
	});

	test('no error holds the plain text or the key', async () => {
		const { sealed } = await seal(PLAIN, place);
		const error = await open(sealed, { ...place, field: 'other' }).catch((e: unknown) => e);
		const text = `${String(error)} ${(error as Error).stack} ${JSON.stringify(error)}`;
		for (const secret of [PLAIN, SECRET_KEY]) expect(text).not.toContain(secret);
	});
});

describe('SEC-20 the key', () => {
	const hex = Array.from({ length: 32 }, (_, i) =>
		((i * 151 + 13) % 256).toString(16).padStart(2, '0'),
	);

	test('is taken as base64, base64url or hex', () => {
		expect(parseSecretKey(SECRET_KEY)).toHaveLength(32);
		expect(parseSecretKey(` ${SECRET_KEY}\n`)).toHaveLength(32);
		expect(parseSecretKey(SECRET_KEY.replaceAll('+', '-').replaceAll('/', '_'))).toHaveLength(32);
		const random = crypto.getRandomValues(new Uint8Array(32));
		const asHex = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
		expect(parseSecretKey(asHex)).toEqual(random);
	});

	test.each<[string, string | undefined]>([
		['missing', undefined],
		['empty', ''],
		['blank', '   '],
		['a word', 'changeme'],
		['16 bytes', btoa('\x01\x99\x42\xf0'.repeat(4))],
		['31 bytes', encode(crypto.getRandomValues(new Uint8Array(31)))],
		['33 bytes', encode(crypto.getRandomValues(new Uint8Array(33)))],
		['zeros', 'A'.repeat(43) + '='],
		['zeros in hex', '0'.repeat(64)],
		['a repeated byte', btoa('\xa7'.repeat(32))],
		['a repeated pattern', btoa('\x01\x99\x42\xf0'.repeat(8))],
		['counting bytes', btoa(String.fromCharCode(...Array(32).keys()))],
		['steps', hex.join('')],
		['a typed text', btoa('changeme-changeme-changeme-12345')],
		['not base64', '!'.repeat(44)],
	])('is refused when it is %s', async (_what, key) => {
		expect(() => parseSecretKey(key)).toThrow('TRIBUTARY_SECRET_KEY');
		if (key === undefined) delete process.env.TRIBUTARY_SECRET_KEY;
		else process.env.TRIBUTARY_SECRET_KEY = key;
		expect(await refusalOf(seal(PLAIN, place))).toMatchObject({ code: 'SERVER_MISCONFIGURED' });
		const refusal = await refusalOf(open('v1.a.b', place));
		expect(refusal.code).toBe('SERVER_MISCONFIGURED');
		if (key && key.trim() !== '') expect(refusal.message).not.toContain(key);
	});
});

function decode(text: string): Uint8Array {
	const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
	return Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
}

function encode(bytes: Uint8Array): string {
	const text = btoa(String.fromCharCode(...bytes));
	return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
