/**
 * `node.externalPackages` of convex.json: packages that "use node" files import as they are installed, unbundled. Rules of
 * the official bundler (bundler/external.ts): only what package.json names, never `convex`, nothing that comes from a
 * file or an address.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';
import { PushError } from './pushError.ts';

export interface ExternalPackage {
	name: string;
	/** Absolute; where it is installed. */
	folder: string;
}

const DEFAULT_FUNCTIONS = 'convex/';
const DEPENDENCIES = [
	'dependencies',
	'devDependencies',
	'peerDependencies',
	'optionalDependencies',
];
const FROM_ELSEWHERE = /^(file:|git\+|git:|https?:)/;

/** @param folder absolute, the app's functions. @throws PushError when convex.json cannot be read */
export function findExternalPackages(folder: string): ExternalPackage[] {
	const project = findProject(folder);
	if (project === null) return [];
	const { allowed, root } = project;
	if (allowed.length === 0) return [];
	const manifest = readJson(path.join(root, 'package.json')) ?? {};
	const found = new Map<string, ExternalPackage>();
	for (const key of DEPENDENCIES) {
		for (const [name, version] of Object.entries((manifest[key] ?? {}) as Record<string, string>)) {
			if (name === 'convex' || FROM_ELSEWHERE.test(version)) continue;
			if (!allowed.includes(name) && !allowed.includes('*')) continue;
			const installed = path.join(root, 'node_modules', name);
			if (!found.has(name) && existsSync(installed)) {
				found.set(name, { name, folder: realpathSync(installed) });
			}
		}
	}
	return [...found.values()];
}

export function externalPackages(packages: ExternalPackage[]): Plugin {
	const names = new Set(packages.map(({ name }) => name));
	return {
		name: 'convex-external-packages',
		setup(build) {
			if (names.size === 0) return;
			build.onResolve({ namespace: 'file', filter: /^[^./]/ }, (args) =>
				names.has(packageOf(args.path)) ? { path: args.path, external: true } : undefined,
			);
		},
	};
}

function packageOf(specifier: string): string {
	const parts = specifier.split('/');
	return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The convex.json whose functions these are: beside the folder or above it. */
function findProject(folder: string): { root: string; allowed: string[] } | null {
	for (let at = path.dirname(folder); ; at = path.dirname(at)) {
		const file = path.join(at, 'convex.json');
		if (existsSync(file)) {
			const settings = readJson(file);
			if (settings === null) {
				throw new PushError('InvalidSettings', 'convex.json', 'It is not valid JSON.');
			}
			const { functions, node } = settings as {
				functions?: string;
				node?: { externalPackages?: string[] };
			};
			const isOurs = path.resolve(at, functions ?? DEFAULT_FUNCTIONS) === folder;
			return isOurs ? { root: at, allowed: node?.externalPackages ?? [] } : null;
		}
		if (path.dirname(at) === at) return null;
	}
}

function readJson(file: string): Record<string, unknown> | null {
	try {
		return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
	} catch {
		return null;
	}
}
