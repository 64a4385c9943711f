/** Gzipped JavaScript a route loads, lazy parts of its own included, against uPlot plus the Convex client. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { buildOnce } from '../../src/tools/buildOnce.ts';
import { root } from '../../src/tools/root.ts';

/** A file of Vite's client manifest. */
interface Chunk {
	file: string;
	imports?: string[];
	dynamicImports?: string[];
}
interface Route {
	id: string;
	page: { layouts: (number | undefined)[]; leaf: number } | null;
}

const OUTPUT = path.join(root, '.svelte-kit/output');
/** performance.md P13. */
const GOAL = 2.5;

const gzipBytes = (content: Uint8Array) => gzipSync(content, { level: 9 }).length;

/** The parts nothing of this kind can do without, bundled and minified the same way. */
async function floorBytes(): Promise<number> {
	const bundled = await build({
		stdin: {
			contents: `export { default } from 'uplot'; export { ConvexClient } from 'convex/browser';`,
			resolveDir: root,
		},
		bundle: true,
		minify: true,
		format: 'esm',
		platform: 'browser',
		write: false,
	});
	return gzipBytes(bundled.outputFiles[0]!.contents);
}

function filesOf(manifest: Record<string, Chunk>, entries: string[]): Set<string> {
	const seen = new Set<string>();
	const isRouteNode = (key: string) => /generated\/client-optimized\/nodes\//.test(key);
	const visit = (key: string) => {
		if (seen.has(key)) return;
		seen.add(key);
		const chunk = manifest[key]!;
		chunk.imports?.forEach(visit);
		// The app's dictionary imports every page lazily; those belong to other routes.
		chunk.dynamicImports?.filter((name) => !isRouteNode(name)).forEach(visit);
	};
	entries.forEach(visit);
	return new Set(
		[...seen].map((key) => manifest[key]!.file).filter((file) => file.endsWith('.js')),
	);
}

await buildOnce();
const manifest = JSON.parse(
	readFileSync(path.join(OUTPUT, 'client/.vite/manifest.json'), 'utf8'),
) as Record<string, Chunk>;
const server = (await import(pathToFileURL(path.join(OUTPUT, 'server/manifest-full.js')).href)) as {
	manifest: { _: { routes: Route[] } };
};
const keys = Object.keys(manifest);
const common = keys.filter((key) =>
	/runtime\/client\/entry\.js$|client-optimized\/app\.js$/.test(key),
);
const floor = await floorBytes();
console.log(`floor (uPlot + ConvexClient): ${(floor / 1024).toFixed(1)} KiB gzipped`);
for (const id of ['/(app)', '/(app)/metrics/[series]']) {
	const route = server.manifest._.routes.find((candidate) => candidate.id === id);
	if (!route?.page) throw new Error(`there is no page ${id} in the build`);
	const nodes = [...route.page.layouts.filter((node) => node !== undefined), route.page.leaf];
	const entries = nodes.map((node) =>
		keys.find((key) => key.endsWith(`client-optimized/nodes/${node}.js`))!,
	);
	const files = filesOf(manifest, [...common, ...entries]);
	const bytes = [...files].reduce(
		(sum, file) => sum + gzipBytes(readFileSync(path.join(OUTPUT, 'client', file))),
		0,
	);
	console.log(
		`${id.padEnd(28)} ${(bytes / 1024).toFixed(1)} KiB in ${files.size} files  ${(bytes / floor).toFixed(2)}x  goal ${GOAL}x`,
	);
}
