/**
 * A disk that is full, or fails, at the k-th call, for every k: once, and until it recovers. `TRIBUTARY_FAULTS=all` takes
 * every k of the lasting faults, too, instead of every few.
 */
import { describe, expect, test } from 'vitest';
import type { FaultRun, RoundReport } from './faultRun.ts';
import { all, newDisk, runChild } from './harness.ts';

const STEP = process.env.TRIBUTARY_FAULTS === 'all' ? 1 : 7;
const EVERY_CALL: FaultRun['trigger']['ops'] = [
	'write',
	'sync',
	'truncate',
	'create',
	'rename',
	'unlink',
];

function linesOf(
	trigger: FaultRun['trigger'],
	step: number,
	sabotage?: string,
): AsyncGenerator<RoundReport> {
	const disk = newDisk();
	const run: FaultRun = {
		dataDir: disk.dataDir,
		control: disk.control.file,
		trigger,
		step,
		firstAt: 1,
	};
	return runChild<RoundReport>('faultRun.ts', run, disk, { sabotage }).lines();
}

const roundsOf = (trigger: FaultRun['trigger'], step = 1): Promise<RoundReport[]> =>
	all(linesOf(trigger, step));

/** Every round kept what it promised, and the last was over before its fault: all were tried. */
function expectSound(rounds: RoundReport[], atLeast: number): void {
	expect(rounds.flatMap(({ at, problems }) => problems.map((text) => `k=${at}: ${text}`))).toEqual(
		[],
	);
	expect(rounds.length).toBeGreaterThanOrEqual(atLeast);
	expect(rounds.at(-1)!.fired).toBe(0);
	expect(rounds.slice(0, -1).every(({ fired }) => fired > 0)).toBe(true);
	// Without this the faults would have hit nothing that matters.
	expect(rounds.some(({ codes }) => codes.some((code) => code !== null))).toBe(true);
}

const codesOf = (rounds: RoundReport[]) =>
	[...new Set(rounds.flatMap(({ codes }) => codes))].filter((code) => code !== null).sort();

describe('R8 E3-4 a disk', () => {
	test('that is full at the k-th call, once, for every k', async () => {
		const rounds = await roundsOf({ ops: ['write', 'truncate', 'create'], error: 'ENOSPC' });
		expectSound(rounds, 40);
		expect(codesOf(rounds)).toEqual(['DiskFull']);
	}, 180_000);

	test('that is full from the k-th call on makes the store read-only until there is space', async () => {
		const rounds = await roundsOf(
			{ ops: ['write', 'truncate', 'create'], error: 'ENOSPC', isLasting: true, isTorn: true },
			STEP,
		);
		expectSound(rounds, 4);
		expect(codesOf(rounds)).toEqual(['DiskFull']);
		const full = rounds.filter(({ storage }) => storage[0] === 'readOnly');
		expect(full.length).toBeGreaterThan(0);
		for (const { storage, health } of full) {
			expect(storage).toEqual(['readOnly', 'writable']);
			expect(health).toEqual(['storage.readOnly', 'storage.writable']);
		}
		for (const text of full.flatMap(({ messages }) => messages)) {
			expect(text).toMatch(
				/disk is full: .* nothing of it was kept\. Queries go on\. Free some space;/,
			);
		}
	}, 180_000);

	test('that breaks at the k-th call, once, for every k', async () => {
		const rounds = await roundsOf({ ops: EVERY_CALL, error: 'EIO' });
		expectSound(rounds, 40);
		expect(codesOf(rounds)).toEqual(['DiskFailed']);
	}, 180_000);

	test('that fails to flush, once and lasting', async () => {
		for (const isLasting of [false, true]) {
			const rounds = await roundsOf({ ops: ['sync'], error: 'EIO', isLasting });
			expectSound(rounds, 5);
			expect(codesOf(rounds)).toEqual(['DiskFailed']);
		}
	}, 180_000);

	test('control: a server that does not notice a failed COMMIT is found out', async () => {
		const lines = linesOf({ ops: ['write'], error: 'EIO' }, 1, 'sabotageDeaf.ts');
		// The first fault tells; what such a server does after that may well never end.
		const { value } = await lines.next();
		expect((value as RoundReport).problems.join()).toContain('LOST');
	}, 180_000);
});
