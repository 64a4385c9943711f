/** Stacks as the author of the functions knows them: their own files and lines instead of the bundles'. */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** `…/functions/v123/0/messages.js:12:3`; see bundleStore.ts. */
const BUNDLED =
	/(file:\/\/)?((?:\/|[A-Za-z]:[\\/])[^\s()]*[\\/]v\d+[\\/]\d+[\\/])([^\s()?]+\.js)(?:\?[^\s():]*)?:(\d+):(\d+)/;
const FRAME = /^\s*at /;
/** How convex/server called the function says nothing; Convex leaves it out too. */
const CONVEX_ITSELF = /node_modules\/convex\//;
/** Of one error; what is above led there. */
const MAX_FRAMES = 16;
/** Large, and only needed while something keeps failing. */
const MAX_MAPS = 32;

interface LoadedMap {
	map: SourceMap;
	sourceRoot: string;
}

const maps = new Map<string, LoadedMap | null>();

/** `at handler (../convex/messages.ts:12:3)`, innermost first; frames outside of the functions are left out. */
export function framesOf(error: Error): string[] {
	const frames: string[] = [];
	for (const line of error.stack?.split('\n') ?? []) {
		const frame = FRAME.test(line) ? toSource(line.trim()) : null;
		if (frame !== null && frames.length < MAX_FRAMES) frames.push(frame);
	}
	return frames;
}

/** Printed text with stacks in it: their frames in sources' lines, and without those of the server. */
export function withSources(text: string): string {
	if (!text.includes('\n')) return text;
	const lines: string[] = [];
	for (const line of text.split('\n')) {
		const indent = /^\s*/.exec(line)![0];
		const shown = FRAME.test(line) && /:\d+:\d+\)?\W*$/.test(line) ? toSource(line.trim()) : line;
		if (shown !== null) lines.push(shown === line ? line : indent + shown);
	}
	return lines.join('\n');
}

/** null: not a frame of the functions. */
function toSource(frame: string): string | null {
	const found = BUNDLED.exec(frame);
	if (!found) return null;
	const [whole, scheme = '', folder, file, line, column] = found as unknown as string[];
	const bundle = scheme ? fileURLToPath(scheme + folder! + file!) : folder! + file!;
	const entry = sourceOf(bundle, file!, Number(line), Number(column));
	if (entry && CONVEX_ITSELF.test(entry)) return null;
	return frame.replace(whole!, entry ?? `${file}:${line}:${column}`);
}

/** As Convex counts: lines from 1, columns from 0. */
function sourceOf(bundle: string, file: string, line: number, column: number): string | null {
	const loaded = load(bundle);
	if (!loaded) return null;
	const entry = loaded.map.findEntry(line - 1, column - 1);
	if (!('originalSource' in entry)) return null;
	const source = path.posix.join(loaded.sourceRoot, path.posix.dirname(file), entry.originalSource);
	return `${source}:${entry.originalLine + 1}:${entry.originalColumn}`;
}

function load(bundle: string): LoadedMap | null {
	const known = maps.get(bundle);
	if (known !== undefined) return known;
	let loaded: LoadedMap | null = null;
	try {
		const { sourceRoot = '', ...payload } = JSON.parse(
			readFileSync(`${bundle}.map`, 'utf8'),
		) as SourceMapPayload;
		loaded = { map: new SourceMap({ ...payload, sourceRoot: '' }), sourceRoot };
	} catch {
		// Bundles of a push before are gone from the disk while their functions may still run.
	}
	if (maps.size >= MAX_MAPS) maps.clear();
	maps.set(bundle, loaded);
	return loaded;
}

/**
 * `sourceRoot` of the maps of a folder's bundles, which lie one folder below it: what sources are called, seen from a
 * folder beside it. An installed package keeps its name.
 */
export function sourceRootOf(folder: string, outFolder: string): string {
	const parts = folder.split(path.sep);
	const installed = parts.lastIndexOf('node_modules');
	const name = installed < 0 ? parts.slice(-1) : parts.slice(installed);
	return path.posix.join('..', ...name, outFolder);
}
