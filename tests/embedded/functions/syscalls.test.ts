import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect, it } from 'vitest';
import {
	asyncOperations,
	jsOperations,
	syncOperations,
	unsupportedOperations,
} from '../../../src/lib/server/embedded/syscalls.ts';

function operationsOfConvex(): Set<string> {
	const root = path.dirname(createRequire(import.meta.url).resolve('convex/package.json'));
	const folder = path.join(root, 'dist', 'esm', 'server');
	const names = new Set<string>();
	for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
		if (!file.endsWith('.js')) continue;
		const source = readFileSync(path.join(folder, file), 'utf8');
		for (const [, name] of source.matchAll(/yscall\(\s*"([^"]+)"/g)) names.add(name!);
		// Names chosen by a condition or kept in a variable never stand right behind the parenthesis.
		for (const [, name] of source.matchAll(/"(1\.0\/[\w/]+)"/g)) names.add(name!);
	}
	return names;
}

it('handles, or refuses by name, every operation of the installed convex', () => {
	const names = operationsOfConvex();
	expect(names.size).toBeGreaterThan(30);
	const known = new Set(
		[syncOperations, asyncOperations, jsOperations, unsupportedOperations].flatMap(Object.keys),
	);
	expect([...names].filter((name) => !known.has(name))).toEqual([]);
});

it('names no operation twice', () => {
	const names = [syncOperations, asyncOperations, jsOperations, unsupportedOperations].flatMap(
		Object.keys,
	);
	expect(new Set(names).size).toBe(names.length);
});
