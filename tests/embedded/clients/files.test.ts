import { createHash } from 'node:crypto';
import type { GenericId } from 'convex/values';
import { expect, test } from 'vitest';
import { api, httpClient, served } from './clientHarness.ts';

test('a file is uploaded once, served in whole and in ranges, and never as a page of the app', async () => {
	const { origin } = await served();
	const http = httpClient(origin);
	const bytes = Buffer.from('<script>alert(1)</script>0123456789');
	const digest = createHash('sha256').update(bytes).digest('base64');
	const upload = async (address: string, headers: Record<string, string>) =>
		fetch(address, { method: 'POST', body: bytes, headers });
	const address = (await http.mutation(api.files.uploadUrl, {})) as string;
	expect(address.startsWith(`${origin}/api/storage/upload?token=`)).toBe(true);
	const wrong = await upload(address, { digest: `sha-256=${digest.replace(/^./, '0')}` });
	expect(wrong.status).toBe(400);
	const again = (await http.mutation(api.files.uploadUrl, {})) as string;
	const done = await upload(again, { 'content-type': 'text/html', digest: `sha-256=${digest}` });
	const { storageId } = (await done.json()) as { storageId: GenericId<'_storage'> };
	expect(done.status).toBe(200);
	const guess = await upload(`${origin}/api/storage/upload?token=guess`, {});
	expect(guess.status).toBe(401);

	const url = (await http.query(api.files.url, { id: storageId })) as string;
	const whole = await fetch(url);
	expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes);
	expect(Object.fromEntries(whole.headers)).toMatchObject({
		'accept-ranges': 'bytes',
		'cache-control': 'private, max-age=2592000',
		'content-type': 'text/html',
		'x-content-type-options': 'nosniff',
		digest: `sha-256=${digest}`,
	});
	expect(whole.headers.get('content-security-policy')).toContain('sandbox');
	const part = async (range: string) => {
		const answer = await fetch(url, { headers: { range } });
		return [answer.status, await answer.text(), answer.headers.get('content-range')];
	};
	const { length } = bytes;
	expect(await part('bytes=0-6')).toEqual([206, '<script', `bytes 0-6/${length}`]);
	expect(await part('bytes=-3')).toEqual([
		206,
		'789',
		`bytes ${length - 3}-${length - 1}/${length}`,
	]);
	expect(await part(`bytes=${length - 2}-9999`)).toEqual([
		206,
		'89',
		`bytes ${length - 2}-${length - 1}/${length}`,
	]);
	expect((await part('bytes=9999-'))[0]).toBe(416);
	expect((await part('lines=1-2'))[0]).toBe(200);
	const head = await fetch(url, { method: 'HEAD' });
	expect([head.status, head.headers.get('content-length')]).toEqual([200, String(length)]);
	expect((await fetch(`${url}x`)).status).toBe(404);

	await http.mutation(api.files.remove, { id: storageId });
	expect((await fetch(url)).status).toBe(404);
});
