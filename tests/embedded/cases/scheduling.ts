import { expect } from 'vitest';
import type { Case } from './backend.ts';

export const schedulingCases: Case[] = [
	{
		name: 'a scheduled mutation runs once, and its state says so',
		async run(t) {
			await t.mutation('jobs:schedule', { text: 'later', delayMs: 0 });
			expect(await t.query('jobs:states')).toEqual([['later', 'pending']]);
			await t.runScheduled();
			expect(await t.query('nested:marks')).toEqual(['later']);
			expect(await t.query('jobs:states')).toEqual([['later', 'success']]);
		},
	},
	{
		name: 'a scheduled action runs, as does one scheduled by an action',
		async run(t) {
			await t.mutation('jobs:schedule', { text: 'acted', delayMs: 0, isAction: true });
			await t.action('jobs:scheduleFromAction', { text: 'from action' });
			await t.runScheduled();
			expect((await t.query('nested:marks')).sort()).toEqual(['acted', 'from action']);
		},
	},
	{
		name: 'a job that fails leaves nothing but its state',
		async run(t) {
			await t.mutation('jobs:schedule', { text: 'bad', delayMs: 0, fail: true });
			await t.runScheduled();
			expect(await t.query('nested:marks')).toEqual([]);
			expect(await t.query('jobs:states')).toEqual([['bad', 'failed']]);
		},
	},
	{
		name: 'a mutation that fails schedules nothing',
		skip: {
			convexTest: 'convex-test 0.0.60 starts its timer at once; a rollback does not stop it',
		},
		async run(t) {
			const args = { text: 'never', delayMs: 0, thenThrow: true };
			await expect(t.mutation('jobs:schedule', args)).rejects.toThrow();
			await t.runScheduled();
			expect(await t.query('jobs:states')).toEqual([]);
			expect(await t.query('nested:marks')).toEqual([]);
		},
	},
	{
		name: 'a cancelled job does not run',
		async run(t) {
			const id = await t.mutation('jobs:schedule', { text: 'never', delayMs: 1000 });
			await t.mutation('jobs:cancel', { id });
			await t.runScheduled();
			expect(await t.query('nested:marks')).toEqual([]);
			expect(await t.query('jobs:states')).toEqual([['never', 'canceled']]);
		},
	},
];
