import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunner, type Opened } from '../functions/support.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('limits');
});
afterAll(() => app.close());
const linesOf = async (name: string) => (await app.query(name)).outcome.logLines;

describe('console', () => {
	it('E3-1 prints values, levels, counts, tables and times', async () => {
		const lines = await linesOf('printing:kinds');
		const [table] = lines.splice(9, 1);
		const [time] = lines.splice(9, 1);
		expect(lines).toEqual([
			"[LOG] 'text' 1 2n true null undefined { a: [ 1, { b: 'c' } ] }",
			"[DEBUG] 'd'",
			"[INFO] 'i'",
			"[WARN] 'w'",
			"[ERROR] 'e'",
			"[LOG] 'default: 1'",
			"[LOG] 'label: 1'",
			"[LOG] 'default: 2'",
			"[ERROR] 'Assertion failed' 'not so'",
			"[LOG] 'grouped'",
		]);
		expect(table).toMatch(/^\[LOG\] ┌[\s\S]*│ a │ b │[\s\S]*┘$/);
		expect(time).toMatch(/^\[INFO\] t: \d+ms$/);
	});

	it('E3-1 shows stacks in the lines of the source', async () => {
		const [trace, error] = await linesOf('printing:trace');
		expect(trace).toMatch(/^\[LOG\] 'here'\n\s+at handler \(\.\.\/convex\/printing\.ts:\d+:\d+\)$/);
		expect(error).toMatch(
			/^\[ERROR\] Error: printed\n\s+at handler \(\.\.\/convex\/printing\.ts:\d+:\d+\)$/,
		);
	});
});

describe('limits of log lines', () => {
	it('E3-3 256 lines of a function and those it calls; the last says that there were more', async () => {
		const args = { own: 200, nested: 100 };
		const { logLines } = await app.mutate('printing:many', args);
		expect(logLines).toHaveLength(256);
		expect(logLines[199]).toBe('[LOG] 199');
		expect(logLines[200]).toBe("[LOG] 'nested' 0");
		expect(logLines[255]).toBe('[ERROR] Log overflow (maximum 256). Remaining log lines omitted.');
		const exactly = await app.mutate('printing:many', { own: 200, nested: 54 });
		expect(exactly.logLines.at(-1)).toBe("[LOG] 'after'");
		expect(exactly.logLines).toHaveLength(255);
	});

	it('E3-3 4 KiB a line, cut between characters', async () => {
		const [line] = await linesOf('printing:long');
		const text = line!.slice('[LOG] '.length);
		expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096);
		expect(Buffer.byteLength(text)).toBeGreaterThan(4_090);
		expect(text).toMatch(/é \(truncated\)$/);
	});
});

it('E3-1 lines of called functions stand between those of an action', async () => {
	const { logLines } = await app.act('printing:fromAction');
	expect(logLines).toEqual(["[LOG] 'before'", "[LOG] 'nested' 0", "[LOG] 'after'"]);
});
