import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
	anonymous,
	failureOf,
	ManualClock,
	openRunner,
	SITE_URL,
	valueOf,
	type Opened,
} from './support.ts';

const clock = new ManualClock();
let app: Opened;
beforeAll(async () => {
	app = await openRunner('edges', { clock });
	await app.runner.startScheduler();
});
afterAll(() => app.close());

const request = (path: string, init?: RequestInit, caller = anonymous) =>
	app.runner.runHttpAction(new Request(SITE_URL + path, init), caller);

describe('HTTP actions', () => {
	it('get the request as it came, and the caller', async () => {
		const init = { method: 'POST', headers: { 'x-custom': 'yes' }, body: 'hi' };
		const caller = { identity: { subject: 'user1' }, isAdmin: false };
		const response = await request('/echo?q=1', init, caller);
		expect(await response.json()).toEqual({
			method: 'POST',
			url: `${SITE_URL}/echo?q=1`,
			custom: 'yes',
			body: 'hi',
			subject: 'user1',
			stored: 0,
		});
	});

	it('keep several cookies apart', async () => {
		expect((await request('/cookies/a')).headers.getSetCookie()).toEqual([
			'a=1; Path=/',
			'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
		]);
	});

	it('may go on while their body streams', async () => {
		expect(await (await request('/stream')).text()).toBe('1:0;2:0;3:0;');
	});

	it('reach their own origin without the network', async () => {
		const response = await request('/own');
		expect(response.headers.getSetCookie()).toHaveLength(2);
	});

	it('answer what nobody handles in Convex’s words', async () => {
		const nothing = await request('/nothing');
		expect([nothing.status, await nothing.text()]).toEqual([404, 'No matching routes found']);
		const wrongMethod = await request('/echo');
		expect(wrongMethod.status).toBe(404);
		const other = await openRunner('basic');
		const none = await other.runner.runHttpAction(new Request(`${SITE_URL}/x`), anonymous);
		expect([none.status, await none.text()]).toEqual([
			404,
			'This Convex deployment does not have HTTP actions enabled.',
		]);
		await other.close();
	});

	it('fail with 500 and without details', async () => {
		const failed = await request('/fails');
		expect(failed.status).toBe(500);
		expect(await failed.text()).not.toContain('detail');
		expect((await (await request('/refuses')).json()).data).toEqual({ code: 'NOPE' });
		expect(await (await request('/wrong')).json()).toMatchObject({
			code: expect.stringContaining('did not return a Response'),
		});
	});
});

describe('fetch of actions', () => {
	it('is guarded, and takes the owner’s leave per request', async () => {
		const url = 'http://127.0.0.1:45999/';
		expect(valueOf(await app.act('files:reach', { url }))).toEqual({
			code: 'EGRESS_PRIVATE_ADDRESS',
			host: '127.0.0.1:45999',
			address: '127.0.0.1',
		});
		const allowed = await app.act('files:reach', { url, allow: ['127.0.0.1:45999'] });
		expect(valueOf(allowed)).toMatchObject({ host: null });
		expect(valueOf(await app.act('files:reach', { url: `${SITE_URL}/cookies/x` }))).toBe(204);
	});
});

describe('file storage', () => {
	const bytes = new TextEncoder().encode('hello');
	const sha256 = createHash('sha256').update(bytes).digest();

	async function upload(): Promise<string> {
		const url = new URL(valueOf(await app.mutate('files:uploadUrl')) as string);
		expect(url.pathname).toBe('/api/storage/upload');
		const token = url.searchParams.get('token')!;
		const digest = sha256.toString('base64');
		return (await app.runner.files.upload(token, bytes, 'text/plain', digest)).storageId;
	}

	it('takes an upload and serves it under an address nobody can guess', async () => {
		const id = await upload();
		const expected = { size: 5, contentType: 'text/plain' };
		expect(await app.value('files:metadata', { id })).toEqual({
			document: {
				_id: id,
				_creationTime: expect.any(Number),
				sha256: sha256.toString('base64'),
				...expected,
			},
			old: { storageId: id, sha256: sha256.toString('hex'), ...expected },
		});
		const url = new URL((await app.value('files:url', { id })) as string);
		const address = url.pathname.slice('/api/storage/'.length);
		const file = (await app.runner.files.open(address, ''))!;
		expect(readFileSync(file.path, 'utf8')).toBe('hello');
		expect(file).toMatchObject({ size: 5, contentType: 'text/plain' });
		expect(await app.runner.files.open(id, '')).toBeNull();
		expect(await app.runner.files.open(`${id}.${'A'.repeat(22)}`, '')).toBeNull();
		expect(await app.runner.files.open('../../etc/passwd', '')).toBeNull();
	});

	it('refuses wrong, altered and old tokens, and wrong digests', async () => {
		const { files } = app.runner;
		const invalid = { code: 'StorageTokenInvalid' };
		await expect(files.upload('nonsense', bytes, null, null)).rejects.toMatchObject(invalid);
		const url = new URL(valueOf(await app.mutate('files:uploadUrl')) as string);
		const token = url.searchParams.get('token')!;
		await expect(files.upload(`${token}x`, bytes, null, null)).rejects.toMatchObject(invalid);
		await expect(files.upload(token, bytes, null, 'AAAA')).rejects.toMatchObject({
			code: 'DigestMismatch',
		});
		await clock.advance(61 * 60_000);
		await expect(files.upload(token, bytes, null, null)).rejects.toMatchObject({
			code: 'StorageTokenExpired',
		});
	});

	it('deletes the bytes with the document', async () => {
		const id = await upload();
		const url = new URL((await app.value('files:url', { id })) as string);
		const address = url.pathname.slice('/api/storage/'.length);
		const file = (await app.runner.files.open(address, ''))!;
		valueOf(await app.mutate('files:remove', { id }));
		expect(existsSync(file.path)).toBe(false);
		expect(await app.value('files:url', { id })).toBeNull();
		expect(await app.runner.files.open(address, '')).toBeNull();
		failureOf(await app.mutate('files:remove', { id }));
	});

	it('stores and reads whole files in actions', async () => {
		expect(valueOf(await app.act('files:roundTrip', { text: 'ünï' }))).toEqual({
			id: expect.any(String),
			text: 'ünï',
			type: 'text/x-test',
			hadUrl: true,
			after: null,
		});
	});

	it('keeps nothing of what a failed mutation stored, all of what others did', async () => {
		const first = await openRunner('edges', { clock });
		const stored = (dataDir: string) => readdirSync(path.join(dataDir, 'files')).length - 1;
		failureOf(await first.mutate('files:store', { text: 'lost', fail: true }));
		const id = valueOf(await first.mutate('files:store', { text: 'kept' }));
		await vi.waitFor(() => expect(stored(first.dataDir)).toBe(1));
		await first.shutDown();
		const second = await openRunner('edges', { clock, dataDir: first.dataDir });
		await second.runner.startScheduler();
		expect(stored(first.dataDir)).toBe(1);
		const url = (await second.value('files:url', { id })) as string;
		const address = new URL(url).pathname.slice('/api/storage/'.length);
		const file = await second.runner.files.open(address, '');
		expect(readFileSync(file!.path, 'utf8')).toBe('kept');
		await second.close();
	});
});
