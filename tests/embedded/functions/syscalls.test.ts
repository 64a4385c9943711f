/** Every operation that the installed `convex` can ask for is implemented, or refused by a name and a sentence. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect, it } from 'vitest';
import {
	asyncOperations,
	jsOperations,
	syncOperations,
	unsupportedOperations,
} from '../../../src/lib/server/embedded/functions/syscalls.ts';

const CONVEX = path.dirname(createRequire(import.meta.url).resolve('convex/package.json'));
const TABLES = [syncOperations, asyncOperations, jsOperations, unsupportedOperations];

/** Names right behind a call, and those chosen by a condition or kept in a variable. */
function operationsIn(source: string): string[] {
	const called = source.matchAll(
		/(?:[sS]yscall|performAsyncSyscall|performJsSyscall|performSyscall)\(\s*["'`]([^"'`]+)["'`]/g,
	);
	const quoted = source.matchAll(/["'`](\d+\.\d+\/[\w/]+)["'`]/g);
	return [...called, ...quoted].map(([, name]) => name!);
}

function operationsOfConvex(): Set<string> {
	const names = new Set<string>();
	for (const kind of ['esm', 'cjs']) {
		const folder = path.join(CONVEX, 'dist', kind);
		for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
			// The CLI runs on a developer's machine; what it quotes are other programs' versions.
			if (!file.endsWith('.js') || /(^|[\\/])cli[\\/]/.test(file)) continue;
			for (const name of operationsIn(readFileSync(path.join(folder, file), 'utf8'))) {
				names.add(name);
			}
		}
	}
	return names;
}

function unknown(names: Iterable<string>): string[] {
	const known = new Set(TABLES.flatMap(Object.keys));
	return [...names].filter((name) => !known.has(name));
}

it('E3-7 handles, or refuses by name, every operation of the installed convex', () => {
	const names = operationsOfConvex();
	expect(names.size).toBeGreaterThan(40);
	expect(unknown(names)).toEqual([]);
});

it('E3-7 would find an operation that is new', () => {
	const next = [
		'await performAsyncSyscall("1.0/newlyMade", {})',
		"Convex.jsSyscall('storage/newBlob', a)",
		'const op = isAction ? "1.0/actions/newlyMade" : "1.1/newlyMade";',
	].flatMap(operationsIn);
	expect(unknown(new Set(next)).sort()).toEqual([
		'1.0/actions/newlyMade',
		'1.0/newlyMade',
		'1.1/newlyMade',
		'storage/newBlob',
	]);
});

it('E3-7 every refusal says what to do instead', () => {
	for (const [name, sentence] of Object.entries(unsupportedOperations)) {
		expect(sentence, name).toMatch(/^[A-Z`'a-z].{20,}\.$/);
	}
});

it('E3-7 names no operation twice', () => {
	const names = TABLES.flatMap(Object.keys);
	expect(new Set(names).size).toBe(names.length);
});

it('E3-7 convex is pinned exactly, and that is the version installed', () => {
	const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as never;
	const own: { dependencies: { convex: string } } = read(path.resolve('package.json'));
	const installed: { version: string } = read(path.join(CONVEX, 'package.json'));
	expect(own.dependencies.convex).toMatch(/^\d+\.\d+\.\d+$/);
	expect(installed.version).toBe(own.dependencies.convex);
});
