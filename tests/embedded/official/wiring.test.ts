import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	failureOf,
	ManualClock,
	openRunner,
	SITE_URL,
	valueOf,
	type Opened,
} from '../functions/support.ts';

const clock = new ManualClock();
let app: Opened;
beforeAll(async () => {
	const env = { COLOUR: 'red' };
	app = await openRunner('official/wiring', { clock, env, showErrors: true });
	await app.runner.startScheduler();
}, 120_000);
afterAll(() => app?.close());

const signedIn = { identity: { subject: 'user1' }, isAdmin: false };
interface Listed {
	own: string[];
	below: string[];
	ownJobs: number;
	jobsBelow: string[];
}
const listed = async (name: string) =>
	(await app.value('app:list', { in: name })) as unknown as Listed;

describe('HTTP prefixes', () => {
	const get = async (at: string) => {
		const response = await app.runner.runHttpAction(new Request(SITE_URL + at), signedIn);
		return response.status === 200 ? ((await response.json()) as Record<string, unknown>) : null;
	};

	it('E3-1 puts the app’s own routes below the prefix of defineApp()', async () => {
		expect(await get('/api/hello')).toEqual({ who: 'app' });
		expect(await get('/api/files/x')).toEqual({ who: 'app files' });
		// Not below it: that is where the component at '/' begins.
		expect(await get('/hello')).toMatchObject({ who: 'inner rest' });
	});

	it('E3-1 composes the prefixes of components in components', async () => {
		expect(await get('/outer/hello')).toEqual({ who: 'outer', label: 'red' });
		expect(await get('/outer/inner/')).toMatchObject({ who: 'inner root', label: 'red' });
		expect(await get('/outer/inner/a/b')).toEqual({
			who: 'inner rest',
			label: 'red',
			pathname: '/outer/inner/a/b',
			identity: null,
		});
		expect(await get('/')).toMatchObject({ who: 'inner root', label: null });
	});

	it('E3-1 asks the longest prefix, of routes and mounts alike', async () => {
		expect(await get('/api/files/again/hello')).toEqual({ who: 'outer', label: 'green' });
		expect(await get('/api/files/again/inner/x')).toMatchObject({ label: 'green' });
		expect(await get('/api/files/other')).toEqual({ who: 'app files' });
	});
});

describe('function handles', () => {
	type Handles = Record<'own' | 'again' | 'other' | 'inOuter' | 'inAgain', string>;
	const handles = async () => (await app.value('app:handles')) as unknown as Handles;
	const use = (handle: string, text = 'by handle') => app.mutate('app:useHandle', { handle, text });

	it('E3-2 are the same for the same function, across pushes, and tell nothing', async () => {
		const before = await handles();
		expect(before.again).toBe(before.own);
		expect(new Set(Object.values(before)).size).toBe(4);
		for (const handle of Object.values(before)) {
			expect(handle).toMatch(/^function:\/\/[\w-]{40,}$/);
			expect(handle).not.toMatch(/notes|app|outer|inner/);
		}
		await app.runner.push();
		expect(await handles()).toEqual(before);
	});

	it('E3-2 lead into components, internal functions included', async () => {
		const { own, inOuter, inAgain } = await handles();
		expect(valueOf(await use(own))).toBe('by handle');
		valueOf(await use(inOuter, 'into outer'));
		expect((await listed('outer')).below).toContain('into outer');
		expect((await listed('again')).below).not.toContain('into outer');
		expect(valueOf(await app.act('app:actOnHandle', { handle: inAgain, text: 'act' }))).toBeNull();
		await clock.advance(10);
		expect((await listed('again')).below).toEqual(expect.arrayContaining(['act', 'act later']));
	});

	it('E3-2 cannot be made up', async () => {
		const { own } = await handles();
		const flipped = own.slice(0, -2) + (own.at(-2) === 'A' ? 'B' : 'A') + own.at(-1);
		for (const forged of ['function://;app:add', 'function://outer/inner;notes:add', flipped]) {
			const failure = failureOf(await use(forged));
			expect(failure.code).toBe('InvalidFunctionAddress');
		}
		expect(await app.value('app:own')).toMatchObject({ notes: ['by handle'] });
	});
});

describe('components in components', () => {
	it('E3-2 roll back what they wrote on every level, and nothing else', async () => {
		const write = (more: Record<string, string | boolean>) =>
			app.mutate('app:write', { in: 'outer', ...more });
		const before = await listed('outer');
		const { notes } = (await app.value('app:own')) as { notes: string[] };
		failureOf(await write({ text: 'lost', fail: true }));
		failureOf(await write({ text: 'lost', failBelow: true }));
		expect(await listed('outer')).toEqual(before);
		expect(await app.value('app:own')).toMatchObject({ notes });
		const caught = valueOf(await write({ text: 'kept here', failBelow: true, isCaught: true }));
		expect(caught).toContain('inner refuses kept here');
		expect(await listed('outer')).toEqual(before);
		expect(await app.value('app:own')).toMatchObject({ notes: [...notes, 'kept here'] });
		valueOf(await write({ text: 'kept' }));
		expect(await listed('outer')).toMatchObject({
			own: [...before.own, 'kept'],
			below: [...before.below, 'kept'],
		});
	});

	it('E3-2 have scheduled functions of their own, run for nobody', async () => {
		const { jobs } = (await app.value('app:own')) as { jobs: number };
		const before = await listed('again');
		valueOf(await app.mutate('app:later', { in: 'again', text: 'later' }, signedIn));
		const pending = await listed('again');
		expect(pending.ownJobs).toBe(before.ownJobs);
		expect(pending.jobsBelow).toEqual([...before.jobsBelow, 'pending', 'pending']);
		await clock.advance(1_000);
		const after = await listed('again');
		expect(after.jobsBelow).toEqual([...before.jobsBelow, 'success', 'success']);
		expect(after.below).toContain('later');
		expect(await app.value('app:own')).toMatchObject({
			jobs,
			notes: expect.arrayContaining(['later']),
		});
	});

	it('E3-2 have crons of their own, in each instance', async () => {
		const count = async (name: string) =>
			(await listed(name)).below.filter((text) => text === 'by cron').length;
		const before = [await count('outer'), await count('again')];
		await clock.advance(20 * 60_000);
		expect([await count('outer'), await count('again')]).toEqual(before.map((n) => n + 2));
	});

	it('E3-1 know their own name and path, and nobody’s identity', async () => {
		expect(await app.value('app:about', { in: 'again' }, signedIn)).toEqual({
			name: 'notes:about',
			componentPath: 'again',
			type: 'query',
			visibility: 'public',
			deployment: { name: expect.any(String), region: null, class: 's16' },
			identity: null,
		});
	});

	it('E3-1 refuse by name what only Convex’s cloud has', async () => {
		for (const operation of ['1.0/createServiceToken', '1.0/getServiceUrl', 'runRequest']) {
			const failure = failureOf(await app.act('app:ask', { operation }));
			expect(failure).toMatchObject({ code: 'Unsupported' });
		}
	});

	it('E3-1 are refused variables that they do not declare so', async () => {
		const env = { COLOUR: 'secretly pink' };
		const opened = openRunner('official/wiring', { clock, env });
		const error = await opened.then(
			() => null,
			(thrown: Error) => thrown,
		);
		expect(error).toMatchObject({ name: 'PushError', code: 'InvalidComponent' });
		expect(error!.message).toMatch(/COLOUR of the app .*"red".*"blue"/);
		expect(error!.message).not.toContain('pink');
		await expect(openRunner('official/wiring', { clock })).rejects.toThrow(/app needs COLOUR/);
	});

	it('E3-2 cannot mount each other', async () => {
		const opened = openRunner('official/circle', { clock });
		await expect(opened).rejects.toMatchObject({
			name: 'PushError',
			code: 'InvalidComponent',
			message: expect.stringMatching(/(left|right) mounts itself/),
		});
	});

	it('E3-2 are bundled once, however often they are mounted', () => {
		const [version] = readdirSync(path.join(app.dataDir, 'functions')).sort();
		const folder = path.join(app.dataDir, 'functions', version!);
		const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as {
			definitions: { folder: string }[];
		};
		const folders = manifest.definitions.map(({ folder: at }) => path.basename(at));
		expect(folders.sort()).toEqual(['convex', 'inner', 'outer']);
	});
});
