import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const main = path.join(import.meta.dirname, 'strayMain.ts');

it('a rejection nobody awaits in user code is logged and ends nothing', async () => {
	const { stdout } = await run(process.execPath, [main]);
	const [report, last] = stdout.trim().split('\n');
	expect(JSON.parse(report!)).toMatchObject({
		first: { ok: true, value: 'fine' },
		second: { ok: true, value: 'fine' },
		strays: ['Error: nobody waits for this', 'Error: thrown in a timer'],
	});
	expect(last).toBe('still here');
});

it('one of the server itself still ends the process', async () => {
	const failure = await run(process.execPath, [main, 'own']).catch((error: unknown) => error);
	expect(failure).toMatchObject({
		code: 1,
		stderr: expect.stringContaining('of the server itself'),
	});
});
