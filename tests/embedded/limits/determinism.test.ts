import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunner, valueOf, type Opened } from '../functions/support.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('limits');
});
afterAll(() => app.close());

describe('time', () => {
	it('E3-3 functions run in UTC, whatever the host’s zone is', async () => {
		const child = fork(path.join(import.meta.dirname, 'zoneMain.ts'), [], {
			execArgv: [],
			env: { ...process.env, TZ: 'Pacific/Auckland' },
		});
		const [told] = (await once(child, 'message')) as [{ hostOffset: number; zones: unknown[] }];
		// The control: the zone did reach the process.
		expect(told.hostOffset).toBe(-780);
		const utc = {
			offset: 0,
			hours: 12,
			text: 'Mon Jan 05 2026 12:00:00 GMT+0000 (Coordinated Universal Time)',
			local: true,
			parsed: true,
			zone: 'UTC',
		};
		expect(told.zones).toEqual([utc, utc]);
	}, 60_000);

	it('E3-3 no clock moves in a query; in an action they do', async () => {
		expect(await app.value('determinism:stopwatch')).toEqual({ elapsed: 0, date: 0 });
		expect(valueOf(await app.act('determinism:stopwatchOfAction'))).toBe(true);
	});
});

describe('chance', () => {
	it('E3-3 what is drawn at import stays; what a function draws does not', async () => {
		type Drawn = Record<'importedAt' | 'drawnAtImport' | 'drawn', number>;
		const first = (await app.value('determinism:atImport')) as unknown as Drawn;
		const second = (await app.value('determinism:atImport')) as unknown as Drawn;
		expect(second.importedAt).toBe(first.importedAt);
		expect(second.drawnAtImport).toBe(first.drawnAtImport);
		expect(second.drawn).not.toBe(first.drawn);
	});

	it('E3-3 crypto’s works in queries', async () => {
		const [a, b, length] = (await app.value('determinism:crypto_')) as [string, string, number];
		expect(a).toMatch(/^[0-9a-f-]{36}$/);
		expect(a).not.toBe(b);
		expect(length).toBe(4);
	});
});
