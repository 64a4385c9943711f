import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { takeLock } from '../../../src/tools/bootstrap/lock.mjs';

let folder: string;
let lock: string;
beforeEach(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'tributary-lock-'));
	lock = path.join(folder, 'lock');
	vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(() => {
	vi.restoreAllMocks();
	rmSync(folder, { recursive: true, force: true });
});

it('has one holder at a time, and the next when it is given back', async () => {
	let holders = 0;
	let most = 0;
	const hold = async () => {
		const release = await takeLock(lock, 'testing');
		most = Math.max(most, ++holders);
		await new Promise((resolve) => setImmediate(resolve));
		holders--;
		release();
	};
	await Promise.all([hold(), hold(), hold()]);
	expect(most).toBe(1);
	expect(existsSync(lock)).toBe(false);
});

it('is taken from a holder that died', async () => {
	mkdirSync(lock);
	// No process has this id: Linux stops at 2^22.
	writeFileSync(path.join(lock, 'pid'), '99999999');
	const release = await takeLock(lock, 'testing');
	expect(existsSync(lock)).toBe(true);
	release();
});
