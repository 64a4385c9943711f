import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { api, follow, served, socketClient, whenDone } from './clientHarness.ts';
import { FIXTURE } from './serve.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

/** A copy of the fixture that may be edited; inside the repository, so that imports of packages resolve. */
function editable() {
	const folder = mkdtempSync(path.join(REPOSITORY, 'node_modules', '.embedded-fixture-'));
	whenDone(() => rmSync(folder, { recursive: true, force: true }));
	cpSync(FIXTURE, folder, { recursive: true });
	const edit = (file: string, from: string, to: string) => {
		const name = path.join(folder, file);
		const before = readFileSync(name, 'utf8');
		expect(before).toContain(from);
		writeFileSync(name, before.replace(from, to));
	};
	return { folder, edit };
}

describe('hot reload', () => {
	test('a push keeps sockets and subscriptions, and live queries show the new code', async () => {
		const { folder, edit } = editable();
		const { origin, deployment } = await served({ functionsDir: folder });
		const client = socketClient(origin);
		const list = follow(client, api.messages.list, { channel: 'a' });
		await client.mutation(api.messages.send, { channel: 'a', n: 1, text: 'one' });
		await list.reaches(['one']);
		edit('messages.ts', 'message.text)', 'message.text.toUpperCase())');
		await deployment.push();
		await list.reaches(['ONE']);
		await client.mutation(api.messages.send, { channel: 'a', n: 2, text: 'two' });
		await list.reaches(['ONE', 'TWO']);
		expect(client.connectionState().connectionCount).toBe(1);
	});

	test('a push that fails leaves the old functions serving', async () => {
		const { folder, edit } = editable();
		const { origin, deployment } = await served({ functionsDir: folder });
		const client = socketClient(origin);
		await client.mutation(api.messages.send, { channel: 'a', n: 1, text: 'one' });
		const list = follow(client, api.messages.list, { channel: 'a' });
		await list.reaches(['one']);
		edit('messages.ts', 'export const list = query({', 'export const list = query({{');
		await expect(deployment.push()).rejects.toThrow(/messages/);
		edit('messages.ts', 'query({{', 'query({');
		// Existing documents do not fit.
		edit('schema.ts', 'text: v.string()', 'text: v.number()');
		await expect(deployment.push()).rejects.toThrow(/messages/);
		await client.mutation(api.messages.send, { channel: 'a', n: 2, text: 'two' });
		await list.reaches(['one', 'two']);
	});

	test('watch() pushes by itself when a file changes', async () => {
		const { folder, edit } = editable();
		const { origin, deployment } = await served({ functionsDir: folder });
		whenDone(deployment.watch());
		const client = socketClient(origin);
		const list = follow(client, api.messages.list, { channel: 'a' });
		await client.mutation(api.messages.send, { channel: 'a', n: 1, text: 'one' });
		await list.reaches(['one']);
		edit('messages.ts', 'message.text)', 'message.text.repeat(2))');
		await vi.waitFor(() => expect(list.latest()).toEqual(['oneone']), { timeout: 10_000 });
	}, 20_000);
});
