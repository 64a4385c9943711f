/** Which files of a convex folder become modules, by the rules of the official bundler (convex/src/bundler/index.ts). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PushError } from './pushError.ts';

export type ModuleEnvironment = 'isolate' | 'node';

export interface EntryPoint {
	/** Absolute. */
	file: string;
	/** Relative to the folder without extension, '/' as separator: what function paths start with. */
	module: string;
	environment: ModuleEnvironment;
}

const EXTENSIONS = new Set(['.js', '.mjs', '.cjs', '.ts', '.tsx', '.mts', '.cts', '.jsx']);
/** Chunks shared by several modules are written here. */
export const CHUNKS_FOLDER = '_deps';
/** Never run in Node, whatever they say. */
const ALWAYS_ISOLATE = new Set(['http', 'crons']);

/** @throws PushError for names Convex refuses, two files of one module, and "use node" where it must not be */
export function findEntryPoints(folder: string): EntryPoint[] {
	const found = new Map<string, EntryPoint>();
	for (const file of walk(folder)) {
		const relative = toPosix(path.relative(folder, file));
		if (relative.startsWith(`${CHUNKS_FOLDER}/`)) {
			throw new PushError(
				'InvalidModulePath',
				relative,
				`The folder ${CHUNKS_FOLDER} is reserved for bundled dependencies. Move this file elsewhere.`,
			);
		}
		if (!isEntryPoint(relative)) continue;
		const source = readFileSync(file, 'utf8');
		if (/\.tsx?$/.test(relative) && !/^\s{0,100}(import|export)/m.test(source)) continue;
		const entry = describe(relative, file, source);
		const other = found.get(entry.module);
		if (other) {
			throw new PushError(
				'DuplicateModule',
				relative,
				`It defines the same module as ${toPosix(path.relative(folder, other.file))}. Rename or remove one.`,
			);
		}
		found.set(entry.module, entry);
	}
	return [...found.values()];
}

/** All files that could be modules or be imported by one, without those of components inside the folder. */
export function listSources(folder: string): string[] {
	return [...walk(folder)].filter((file) => EXTENSIONS.has(path.extname(file)));
}

function* walk(folder: string): Generator<string> {
	const entries = readdirSync(folder, { withFileTypes: true });
	for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
		const child = path.join(folder, entry.name);
		if (entry.isDirectory()) {
			// A component's own folder is bundled as that component, not as part of this one.
			if (!existsSync(path.join(child, 'convex.config.ts'))) yield* walk(child);
		} else if (entry.isFile()) {
			yield child;
		}
	}
}

function isEntryPoint(relative: string): boolean {
	const base = path.posix.basename(relative);
	if (!EXTENSIONS.has(path.posix.extname(relative))) return false;
	if (relative.startsWith('_generated/')) return false;
	if (base.startsWith('.') || base.startsWith('#')) return false;
	if (base === 'schema.ts' || base === 'schema.js') return false;
	// Tests, declaration files, auth.config and convex.config.
	if ((base.match(/\./g) ?? []).length > 1) return false;
	return !relative.includes(' ');
}

function describe(relative: string, file: string, source: string): EntryPoint {
	const module = relative.slice(0, -path.posix.extname(relative).length);
	for (const part of module.split('/')) {
		if (!/^[A-Za-z0-9_.]+$/.test(part)) {
			throw new PushError(
				'InvalidModulePath',
				relative,
				`"${part}" may only contain letters, digits, underscores and dots. Rename it.`,
			);
		}
	}
	const isNode = hasUseNode(source);
	if (isNode && ALWAYS_ISOLATE.has(module)) {
		throw new PushError(
			'UseNodeNotAllowed',
			relative,
			`"use node" is not allowed here. Remove it.`,
		);
	}
	if (!isNode && relative.startsWith('actions/')) {
		throw new PushError(
			'UseNodeNotAllowed',
			relative,
			'Files in actions/ need "use node" at the top. Add it or move the file.',
		);
	}
	return { file, module, environment: isNode ? 'node' : 'isolate' };
}

/** Whether "use node" is among the directives: string statements before any code; comments do not count. */
export function hasUseNode(source: string): boolean {
	let rest = source.replace(/^\uFEFF/, '').replace(/^#!.*/, '');
	for (;;) {
		rest = rest.replace(/^(\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|;)+/, '');
		const directive = /^(['"])((?:(?!\1)[^\\\n]|\\.)*)\1/.exec(rest);
		if (!directive) return false;
		if (directive[2] === 'use node') return true;
		rest = rest.slice(directive[0].length);
	}
}

export function toPosix(file: string): string {
	return file.split(path.sep).join('/');
}
