/**
 * Installed and built, a start from spawn until its first page answers, against bare Node: of the server alone, and of
 * all that `npm start` does after npm itself.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildOnce } from '../../src/tools/buildOnce.ts';
import { root } from '../../src/tools/root.ts';
import { measureRatio } from './support/ratio.ts';
import { report } from './support/report.ts';

const dataDir = mkdtempSync(path.join(tmpdir(), 'tributary-bench-data-'));

/** Milliseconds from spawn to the first 200, on data that already exists after the warm-ups. */
async function start(script: string, args: string[] = []): Promise<number> {
	const startedAt = performance.now();
	const child = spawn(process.execPath, [path.join(root, script), ...args], {
		env: { ...process.env, PORT: '0', ORIGIN: '', TRIBUTARY_DATA: dataDir },
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const origin = await new Promise<string>((resolve, reject) => {
		let text = '';
		child.stdout.on('data', (chunk: Buffer) => {
			text += chunk.toString();
			const ready = /ready at\s+(\S+)/.exec(text);
			if (ready) resolve(ready[1]!);
		});
		child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)));
	});
	const response = await fetch(`${origin}/setup`);
	if (response.status !== 200) throw new Error(`the first page answered ${response.status}`);
	await response.text();
	const tookMs = performance.now() - startedAt;
	child.kill('SIGTERM');
	await new Promise((resolve) => child.once('exit', resolve));
	return tookMs;
}

function bareNode(): number {
	const startedAt = performance.now();
	spawnSync(process.execPath, ['-e', '0']);
	return performance.now() - startedAt;
}

await buildOnce();
const server = await measureRatio(
	'src/server.ts to first page / node -e 0',
	() => start('src/server.ts'),
	bareNode,
);
const whole = await measureRatio(
	'npm start (without npm) to first page / node -e 0',
	() => start('src/tools/bootstrap.mjs', ['start']),
	bareNode,
);
const goal = '15x (P10), moonshot 8x';
report('start', [
	{ ...server, goal },
	{ ...whole, goal },
]);
rmSync(dataDir, { recursive: true, force: true });
