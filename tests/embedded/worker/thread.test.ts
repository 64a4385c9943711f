/** What crosses between the edges and the engine's thread arrives as it was. */
import { anyApi, type ApiFromModules } from 'convex/server';
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { endWith } from '../../../src/lib/server/embedded/worker/httpParts.ts';
import { dataFolder, httpClient, served } from '../clients/clientHarness.ts';
import type * as loopsModule from '../fixtures/runaway/convex/loops.ts';
import { fixture } from '../functions/support.ts';

const { loops } = anyApi as unknown as ApiFromModules<{ loops: typeof loopsModule }>;
const start = () => served({ functionsDir: fixture('runaway') });

describe('E3-3 the engine in a thread of its own', () => {
	test('bodies and headers of HTTP actions, whole and streamed', async () => {
		const { origin } = await start();
		for (const size of [0, 10, 3_000_000]) {
			const body = new Uint8Array(size).map((_, index) => index % 251);
			const response = await fetch(`${origin}/http/echo`, { method: 'POST', body });
			expect(response.status).toBe(201);
			expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
			expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), Buffer.from(body))).toBe(0);
		}
		const streamed = await fetch(`${origin}/http/stream`);
		expect(await streamed.text()).toBe('part 0\npart 1\npart 2\npart 3\npart 4\n');
	});

	test('a streamed answer ends with its thread', async () => {
		const { origin } = await served({
			functionsDir: fixture('runaway'),
			isolation: { limits: { transactionMs: 200 } },
		});
		const response = await fetch(`${origin}/http/endless`);
		const reader = response.body!.getReader();
		await reader.read();
		await expect(httpClient(origin).query(loops.atOnce, {})).rejects.toThrow();
		await expect(
			(async () => {
				for (;;) if ((await reader.read()).done) throw new Error('ended');
			})(),
		).rejects.toThrow();
	});

	test('a body that is always ready is not gathered before it is sent', async () => {
		const { origin, logged } = await served({
			functionsDir: fixture('runaway'),
			isolation: { limits: { transactionMs: 300, actionMs: 300 } },
		});
		const reader = (await fetch(`${origin}/http/flood`)).body!.getReader();
		for (let bytes = 0; bytes < 1_000_000;) bytes += (await reader.read()).value!.byteLength;
		await reader.cancel();
		expect(logged.filter((line) => line.startsWith('engine.lost'))).toEqual([]);
	});

	test('a stream that is over leaves nothing with the thread it came from', async () => {
		const thread = new AbortController();
		const streamed = (text: string) => ({
			headers: [],
			body: new Blob([text]).stream() as ReadableStream<Uint8Array>,
		});
		for (let i = 0; i < 20; i++) {
			const { body } = endWith(streamed('some text'), thread.signal);
			if (i % 2) await new Response(body as ReadableStream).text();
			else await (body as ReadableStream).cancel();
		}
		expect(getEventListeners(thread.signal, 'abort')).toHaveLength(0);
		const cut = endWith(streamed('more'), thread.signal).body as ReadableStream;
		thread.abort(new Error('The function was stopped.'));
		await expect(new Response(cut).text()).rejects.toThrow();
	});

	test('a data folder in use is refused as such', async () => {
		const dataDir = dataFolder();
		await served({ functionsDir: fixture('runaway'), dataDir });
		await expect(served({ functionsDir: fixture('runaway'), dataDir })).rejects.toMatchObject({
			code: 'StoreInUse',
		});
	});
});
