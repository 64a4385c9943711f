import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const main = path.join(import.meta.dirname, 'strayMain.ts');

it('what nobody awaits or catches in user code is logged and ends that function only', async () => {
	const { stdout } = await run(process.execPath, [main]);
	const [report, last] = stdout.trim().split('\n');
	expect(JSON.parse(report!)).toMatchObject({
		first: { ok: false },
		second: { ok: false },
		strays: expect.arrayContaining([
			'Error: while loading',
			'Error: nobody waits for this',
			'Error: thrown in a timer',
			'Error: thrown in a microtask',
			'Error: thrown in a listener',
		]),
	});
	expect(last).toBe('still here');
});

it.each(['rejection', 'exception'])('the server’s own %s ends the process', async (kind) => {
	const failure = await run(process.execPath, [main, kind]).catch((error: unknown) => error);
	expect(failure).toMatchObject({
		code: 1,
		stderr: expect.stringContaining('of the server itself'),
	});
});
