/** What a bundle was made from, so that functions whose sources did not change need not be bundled again. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { listSources } from './entryPoints.ts';

export interface BundleInputs {
	/** Absolute. Also those that do not exist, but would change the bundle if they did. */
	files: string[];
	/** Absolute: a file added to one of these may be taken instead of another. */
	folders: string[];
	/** Absolute, with all below them: a file added there may become a module. */
	trees: string[];
}

/** Our own part in what comes out: a change to one of these makes old bundles void. */
const BUNDLER_SOURCES = [
	'buildBundles.ts',
	'bundle.ts',
	'bundleInputs.ts',
	'bundleShims.ts',
	'bundleStore.ts',
	'externalPackages.ts',
	'generatedModules.ts',
	'wasmModules.ts',
	'definitions.ts',
	'entryPoints.ts',
	'../functions/nodeGlobals.ts',
	'../functions/stackTraces.ts',
];
const NODE_MODULES = `${path.sep}node_modules${path.sep}`;

/**
 * @param definitionFolders absolute; the app's and its components'
 * @param read absolute paths of all files that went into the bundles
 */
export function collectInputs(definitionFolders: string[], read: Iterable<string>): BundleInputs {
	const files = new Set(read);
	for (const folder of definitionFolders) {
		// A file without functions is no input of the bundler, until it gets some.
		for (const file of listSources(folder)) files.add(file);
	}
	const folders = new Set<string>();
	for (const folder of new Set([...files].map((file) => path.dirname(file)))) {
		if (!isInstalled(folder)) folders.add(folder);
		for (const settings of settingsFiles(folder)) files.add(settings);
	}
	// A set hands out what is added to it meanwhile, so bases of bases are found too.
	for (const file of files) for (const base of extendedSettings(file)) files.add(base);
	return { files: [...files].sort(), folders: [...folders].sort(), trees: definitionFolders };
}

/** Changes when any input does, when esbuild or Node is another, or when the bundler's own code is. */
export function fingerprintOf({ files, folders, trees }: BundleInputs): string {
	const hash = createHash('sha256').update(bundlerVersion());
	for (const file of files) {
		hash.update(`\0${file}\0`).update(isInstalled(file) ? stateOf(file) : readOr(file, 'absent'));
	}
	for (const folder of folders) hash.update(`\0${folder}\0`).update(namesIn(folder, false));
	for (const folder of trees) hash.update(`\0${folder}\0`).update(namesIn(folder, true));
	return hash.digest('hex');
}

function bundlerVersion(): string {
	const manifest = createRequire(import.meta.url).resolve('esbuild/package.json');
	const sources = BUNDLER_SOURCES.map((name) => readOr(path.join(import.meta.dirname, name), ''));
	return [readOr(manifest, ''), process.version, ...sources].join('\0');
}

/** What decides, besides the sources, how esbuild resolves and compiles a file of this folder. */
function* settingsFiles(folder: string): Generator<string> {
	for (let at = folder; ; at = path.dirname(at)) {
		if (path.basename(at) === 'node_modules') {
			// npm writes it with every installation: packages may be found elsewhere then.
			yield path.join(at, '.package-lock.json');
			return;
		}
		yield path.join(at, 'package.json');
		if (!isInstalled(at)) {
			yield path.join(at, 'convex.json');
			yield path.join(at, 'tsconfig.json');
			yield path.join(at, 'node_modules', '.package-lock.json');
		}
		if (path.dirname(at) === at) return;
	}
}

/** Other files a tsconfig.json is built on, when it names them by path. */
function extendedSettings(file: string): string[] {
	if (!/tsconfig[^/\\]*\.json$/.test(file)) return [];
	const bases = /"extends"\s*:\s*(\[[^\]]*\]|"[^"]*")/.exec(String(readOr(file, '')))?.[1] ?? '';
	return [...bases.matchAll(/"(\.[^"]*)"/g)].map(([, base]) =>
		path.resolve(path.dirname(file), base!.replace(/(\.json)?$/, '.json')),
	);
}

function isInstalled(file: string): boolean {
	return `${file}${path.sep}`.includes(NODE_MODULES);
}

/** Of installed files, about a thousand: to read them all would take longer than all else there is to check. */
function stateOf(file: string): string {
	const stats = statSync(file, { throwIfNoEntry: false });
	return stats ? `${stats.size} ${stats.mtimeMs}` : 'absent';
}

function readOr(file: string, otherwise: string): string | Buffer {
	try {
		return readFileSync(file);
	} catch {
		return otherwise;
	}
}

function namesIn(folder: string, recursive: boolean): string {
	try {
		return readdirSync(folder, { recursive, encoding: 'utf8' }).sort().join('\0');
	} catch {
		return 'absent';
	}
}
