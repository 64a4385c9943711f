/** `npx convex export` and `npx convex import`, the official ones, against a served deployment. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { unzip } from '../operate/exportSupport.ts';
import {
	api,
	asAdmin,
	eventually,
	foreignProject,
	httpClient,
	officialCli,
	post,
	serve,
	socketClient,
} from './serveHarness.ts';

test('E3-6 the official CLI exports; another deployment of ours takes it, and gives the same back', async () => {
	const from = foreignProject();
	const first = await serve(from);
	for (const text of ['one', 'two']) await httpClient(first.url).mutation(api.tasks.add, { text });
	const [exported, again] = ['first.zip', 'second.zip'].map((name) => path.join(from.folder, name));
	const ending = officialCli(from, first.url, ['export', '--path', exported!]);
	expect(await ending.ended, ending.stderr()).toBe(0);
	expect(Object.keys(await unzip(exported!))).toContain('tasks/documents.jsonl');

	const to = foreignProject();
	const second = await serve(to);
	const live = socketClient(second.url);
	const seen: unknown[] = [];
	live.onUpdate(api.tasks.list, {}, (found) => seen.push(found));
	await eventually(() => expect(seen).toEqual([[]]));
	const taking = officialCli(to, second.url, ['import', exported!]);
	expect(await taking.ended, taking.stderr()).toBe(0);
	expect(taking.stderr()).toContain('Added 2 documents');
	await eventually(() => expect(seen.at(-1)).toHaveLength(2));
	// Two in a row: the second must not be answered with what is known of the first.
	for (let round = 0; round < 2; round++) {
		const ended = officialCli(to, second.url, ['export', '--path', `${again!}${round}`]);
		expect(await ended.ended, ended.stderr()).toBe(0);
		const [given, back] = [await unzip(exported!), await unzip(`${again!}${round}`)];
		expect(back['tasks/documents.jsonl']).toEqual(given['tasks/documents.jsonl']);
		await httpClient(second.url).mutation(api.tasks.add, { text: 'three' });
		const replacing = officialCli(to, second.url, ['import', '--replace', '--yes', exported!]);
		expect(await replacing.ended, replacing.stderr()).toBe(0);
	}
}, 120_000);

test('E3-6 an import of the official CLI that fails says why and changes nothing; parts are put together', async () => {
	const project = foreignProject();
	const { url } = await serve(project);
	await httpClient(url).mutation(api.tasks.add, { text: 'kept' });
	const wrong = path.join(project.folder, 'wrong.jsonl');
	writeFileSync(wrong, '{"_id":"nonsense","text":"lost"}\n');
	const failing = officialCli(project, url, ['import', '--append', '--table', 'tasks', wrong]);
	expect(await failing.ended).toBe(1);
	expect(failing.stderr()).toContain('is not a document ID');
	expect(await httpClient(url).query(api.tasks.list, {})).toEqual(['kept']);

	const headers = { ...asAdmin, 'content-type': 'application/octet-stream' };
	const send = async (address: string, body: string): Promise<never> => {
		const response = await fetch(url + address, { method: 'POST', headers, body });
		expect(response.status, await response.clone().text()).toBe(200);
		const text = await response.text();
		return (text === '' ? null : JSON.parse(text)) as never;
	};
	const { uploadToken } = await send('/api/import/start_upload', '');
	const part = (number: number, body: string) =>
		send(`/api/import/upload_part?uploadToken=${uploadToken}&partNumber=${number}`, body);
	const later = await part(2, 'xt":"in parts"}\n');
	const partTokens = [await part(1, '{"te'), later];
	const wanted = { tableName: 'tasks', mode: 'append', format: 'jsonLines' };
	const { importId } = await send(
		'/api/import/finish_upload',
		JSON.stringify({ import: wanted, uploadToken, partTokens }),
	);
	await send('/api/perform_import', JSON.stringify({ importId }));
	await expect
		.poll(async () => JSON.stringify(await httpClient(url).query(api.tasks.list, {})), {
			timeout: 20_000,
		})
		.toContain('in parts');
	const twice = JSON.stringify({ importId });
	expect((await post(`${url}/api/perform_import`, twice, asAdmin)).status).toBe(400);
}, 60_000);

test('SEC-63 exports and imports are for administrators', async () => {
	const project = foreignProject();
	const { url } = await serve(project);
	for (const address of [
		'/api/export/request/zip?includeStorage=true',
		'/api/import/start_upload',
		'/api/import/upload_part?uploadToken=x&partNumber=1',
		'/api/import/finish_upload',
		'/api/perform_import',
		'/api/cancel_import',
	]) {
		expect((await post(url + address, {})).status, address).toBe(403);
	}
	expect((await fetch(`${url}/api/export/zip/1`)).status).toBe(403);
	expect((await fetch(`${url}/api/export/zip/1`, { headers: asAdmin })).status).toBe(404);
	const asked = await post(`${url}/api/query`, {
		path: '_system/cli/exports:getLatest',
		format: 'convex_encoded_json',
		args: [{}],
	});
	expect(await asked.text()).toContain('Could not find');
});
