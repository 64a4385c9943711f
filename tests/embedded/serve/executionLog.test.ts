import { expect, test } from 'vitest';
import { ExecutionLog } from '../../../src/lib/server/embedded/admin/executionLog.ts';
import type { ExecutionRecord } from '../../../src/lib/server/embedded/admin/executionRecords.ts';
import { changeVariables } from '../../../src/lib/server/embedded/admin/variables.ts';
import { systemClock } from '../../../src/lib/server/embedded/clock.ts';

const record = (path: string, text = ''): ExecutionRecord => ({
	kind: 'query',
	component: '',
	path,
	requestId: path,
	endedAtMs: 1_000,
	durationMs: 1,
	logLines: text === '' ? [] : [`[WARN] ${text}`],
	error: null,
	caller: 'Client',
	isAdmin: false,
});
const names = (entries: Record<string, unknown>[]) => entries.map(({ identifier }) => identifier);

test('E3-6 the log of executions is bounded by bytes; the newest stay', async () => {
	const log = new ExecutionLog(systemClock, 100_000);
	for (let n = 0; n < 1_000; n++) log.add(record(`m:f${n}`, 'x'.repeat(1_000)));
	expect(log.bytes).toBeLessThanOrEqual(100_000);
	const { entries } = await log.after(0);
	expect(entries.length).toBeGreaterThan(20);
	expect(names(entries).at(-1)).toBe('m:f999');
	expect(entries.at(-1)).toMatchObject({
		kind: 'Completion',
		udfType: 'Query',
		logLines: [{ level: 'WARN', messages: ['x'.repeat(1_000)], isTruncated: false }],
	});
});

test('E3-6 nothing is told twice and nothing is left out, even of executions of one instant', async () => {
	const log = new ExecutionLog(systemClock);
	log.add(record('m:a'));
	log.add(record('m:b'));
	const first = await log.after(0);
	expect(names(first.entries)).toEqual(['m:a', 'm:b']);
	const waiting = log.after(first.newCursor);
	log.add(record('m:c'));
	const second = await waiting;
	expect(names(second.entries)).toEqual(['m:c']);
	const third = log.after(second.newCursor);
	log.close();
	expect((await third).entries).toEqual([]);
});

test('E3-6 variables: names, sizes and counts as on real deployments; a refused change changes nothing', () => {
	const before = { A: '1' };
	const code = (changes: { name: string; value: string | null }[]) => {
		try {
			return changeVariables(before, changes);
		} catch (error) {
			return (error as { code: string }).code;
		}
	};
	expect(code([{ name: 'B', value: '2' }])).toEqual({ A: '1', B: '2' });
	expect(code([{ name: 'A', value: null }])).toEqual({});
	expect(code([{ name: '__proto__', value: 'x' }])).toEqual(
		Object.fromEntries([
			['A', '1'],
			['__proto__', 'x'],
		]),
	);
	expect(code([{ name: '1A', value: 'x' }])).toBe('EnvironmentVariableNameInvalid');
	expect(code([{ name: 'A-B', value: null }])).toBe('EnvironmentVariableNameInvalid');
	expect(code([{ name: 'A'.repeat(41), value: 'x' }])).toBe('EnvironmentVariableNameTooLong');
	expect(code([{ name: 'A', value: 'x'.repeat(8_193) }])).toBe('EnvironmentVariableValueTooLarge');
	expect(code([{ name: 'CONVEX_CLOUD_URL', value: 'x' }])).toBe('EnvVarNameForbidden');
	const twice = { name: 'C', value: 'x' };
	expect(code([twice, twice])).toBe('EnvVarNameNotUnique');
	const many = Array.from({ length: 100 }, (_, n) => ({ name: `V${n}`, value: '' }));
	expect(code(many)).toBe('EnvVarLimitMet');
	expect(before).toEqual({ A: '1' });
});
