import { ConvexClient } from 'convex/browser';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { httpClient, whenDone } from '../clients/clientHarness.ts';
import { api, serveLimits } from './served.ts';

const MIB = 1024 * 1024;

describe('responses of HTTP actions', () => {
	it('E3-3 have 20 MiB; beyond they fail, and break off when they stream', async () => {
		const served = await serveLimits();
		const ask = (bytes: number) => fetch(`${served.origin}/http/large?bytes=${bytes}`);
		const whole = await ask(20 * MIB);
		expect(whole.status).toBe(201);
		expect(whole.headers.get('x-kept')).toBe('yes');
		expect(whole.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
		expect((await whole.text()).length).toBe(20 * MIB);
		const refused = await ask(20 * MIB + 1);
		expect(refused.status).toBeGreaterThanOrEqual(500);
		expect(await refused.json()).toMatchObject({ code: 'HttpResponseTooLarge' });
		const streamed = fetch(`${served.origin}/http/streamed?chunks=30`);
		await expect(streamed.then((response) => response.text())).rejects.toThrow();
		expect(served.logged.join('\n')).toContain('HTTP actions support responses up to 20 MiB');
	}, 60_000);
});

it('E3-1 an app’s own keys are published beside the deployment’s when both share an origin', async () => {
	const { origin } = await serveLimits();
	const response = await fetch(`${origin}/.well-known/jwks.json`);
	const { keys } = (await response.json()) as { keys: { kid: string; kty: string }[] };
	expect(keys.map(({ kty }) => kty)).toEqual(['oct', 'EC']);
	expect((await fetch(`${origin}/.well-known/jwks.json`, { method: 'POST' })).status).toBe(405);
}, 30_000);

describe('log lines', () => {
	const lines = ["[LOG] 'before'", "[LOG] 'nested' 0", "[LOG] 'after'"];
	const overHttp = async (origin: string) => {
		const body = JSON.stringify({ path: 'printing:fromAction', args: {} });
		const response = await fetch(`${origin}/api/action`, { method: 'POST', body });
		return ((await response.json()) as { logLines: string[] }).logLines;
	};

	it('E3-1 are told to developers over HTTP and sockets, each with its level', async () => {
		const { origin } = await serveLimits();
		expect(await overHttp(origin)).toEqual(lines);
		const printed: string[] = [];
		const print = (...args: unknown[]) => void printed.push(args.map(String).join(' '));
		const client = new ConvexClient(origin, {
			webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
			skipConvexDeploymentUrlCheck: true,
			logger: { log: print, warn: print, error: print, logVerbose: () => {} },
		});
		whenDone(() => client.close());
		await client.action(api.printing!.fromAction!, {});
		await client.query(api.printing!.long!, {});
		expect(printed.filter((line) => line.includes('printing:'))).toHaveLength(4);
		expect(printed.join('\n')).toContain("'before'");
		expect(printed.join('\n')).not.toContain('Could not parse');
	}, 30_000);

	it('E3-1 are kept from clients in production', async () => {
		const { origin } = await serveLimits({ isDevelopment: false });
		expect(await overHttp(origin)).toEqual([]);
	}, 30_000);

	it('E3-1 auditLog() does nothing anywhere, as on plans without it', async () => {
		const { origin } = await serveLimits();
		expect(await httpClient(origin).mutation(api.meta!.audit!, {})).toBeNull();
		expect(await httpClient(origin).query(api.meta!.auditInQuery!, {})).toBeNull();
		expect(await httpClient(origin).action(api.meta!.auditInAction!, {})).toBeNull();
	}, 30_000);
});
