import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunner, valueOf, type Opened } from '../functions/support.ts';
import { until, untilListed } from './until.ts';

const dataDir = mkdtempSync(path.join(tmpdir(), 'embedded-workflow-'));
let app: Opened;
async function open() {
	app = await openRunner('official/workflow', { showErrors: true, dataDir });
	await app.runner.startScheduler();
}
beforeAll(open, 120_000);
afterAll(async () => {
	await app?.shutDown();
	rmSync(dataDir, { recursive: true, force: true });
});

type Status = { type: string; result?: unknown; error?: string };
const start = async (manager: string, name: string, flow: string, more = {}) =>
	valueOf(await app.mutate('flow:start', { manager, name, flow, ...more })) as string;
const steps = async (flow: string) => (await app.value('flowSteps:steps', { flow })) as string[];
const statusOf = async (manager: string, id: string) =>
	(await app.value('flow:status', { manager, id })) as Status;
const ended = (manager: string, id: string) =>
	until(
		() => statusOf(manager, id),
		({ type }) => type !== 'inProgress',
	);

describe('@convex-dev/workflow, mounted twice, each with a workpool of its own', () => {
	it('E3-2 runs steps one after the other, in parallel, late, repeated and inline', async () => {
		const id = await start('first', 'everything', 'all');
		expect(await ended('first', id)).toEqual({
			type: 'completed',
			result: { both: ['left 1', 'right 3'], count: 6 },
		});
		const done = await steps('all');
		expect(done[0]).toBe('mutation');
		expect(done.slice(1, 5).sort()).toEqual(['left', 'right', 'right', 'right']);
		expect(done.slice(5)).toEqual(['after sleep', 'inline']);
		const history = (await app.value('flow:history', { manager: 'first', id })) as string[];
		expect(history).toContain('sleep sleep');
		expect(history.filter((line) => line.startsWith('function '))).toHaveLength(6);
		await untilListed(app, 'flowSteps:endings', [
			'all: success {"both":["left 1","right 3"],"count":6}',
		]);
		expect(await app.value('flow:list', { manager: 'first' })).toMatchObject({
			first: 'flow:everything',
			named: 1,
		});
		expect(await app.value('flow:list', { manager: 'second' })).toEqual({
			first: null,
			isDone: true,
			named: 0,
		});
		expect(valueOf(await app.mutate('flow:cleanup', { manager: 'first', id }))).toBe(true);
	});

	it('E3-2 runs workflows in workflows, begun in the background', async () => {
		const id = await start('second', 'parent', 'family', { startAsync: true });
		expect(await ended('second', id)).toEqual({
			type: 'completed',
			result: 'parent of child of family',
		});
		expect(await steps('family')).toEqual(['child', 'parent']);
	});

	it('E3-2 waits for an event while the server restarts', async () => {
		const id = await start('first', 'waiting', 'event');
		const isAsked = (history: unknown) => JSON.stringify(history).includes('event approval');
		await until(() => app.value('flow:history', { manager: 'first', id }), isAsked);
		expect(await statusOf('first', id)).toMatchObject({ type: 'inProgress' });
		await app.shutDown();
		await open();
		expect(await statusOf('first', id)).toMatchObject({ type: 'inProgress' });
		valueOf(await app.mutate('flow:approve', { manager: 'first', id, by: 'her' }));
		expect(await ended('first', id)).toEqual({ type: 'completed', result: 'approved by her' });
		expect(await steps('event')).toEqual(['asked', 'approved']);
	});

	it('E3-2 sleeps on while the server restarts, and does nothing twice', async () => {
		const id = await start('first', 'sleeping', 'night');
		await until(
			() => steps('night'),
			(done) => done.includes('evening'),
		);
		await app.shutDown();
		await open();
		expect(await ended('first', id)).toEqual({ type: 'completed', result: 'awake' });
		expect(await steps('night')).toEqual(['evening', 'morning']);
	});

	it('E3-2 fails, and restarts with what was done before', async () => {
		const id = await start('first', 'failing', 'fragile');
		expect(await ended('first', id)).toMatchObject({ type: 'failed' });
		valueOf(await app.mutate('flow:restart', { manager: 'first', id, from: 1 }));
		expect(await ended('first', id)).toEqual({ type: 'completed', result: 'fragile 2' });
		expect(await steps('fragile')).toEqual(['before', 'fragile', 'fragile']);
	});

	it('E3-2 catches what a step throws', async () => {
		const id = await start('first', 'caught', 'caught');
		expect(await ended('first', id)).toEqual({ type: 'completed', result: 'caught: true' });
	});

	it('E3-2 is canceled while it waits', async () => {
		const id = await start('first', 'waiting', 'unwanted');
		valueOf(await app.mutate('flow:cancel', { manager: 'first', id }));
		expect(await ended('first', id)).toEqual({ type: 'canceled' });
		await untilListed(app, 'flowSteps:endings', ['unwanted: canceled null']);
	});
});
