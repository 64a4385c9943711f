import { describe, expect, it } from 'vitest';
import { importsOf, repositoryFiles, resolveImport } from './support.ts';

/** A room, what it may import of ours and from packages, and why a breach matters. */
interface Room {
	name: string;
	files: RegExp;
	except?: RegExp;
	ours: RegExp;
	packages: RegExp;
	why: string;
}

const SERVICE = String.raw`src/lib/server/integrations/(?!sdk/)[a-z0-9-]+/`;

const ROOMS: Room[] = [
	{
		name: 'lib/metrics',
		files: /^src\/lib\/metrics\//,
		ours: /^src\/lib\/metrics\//,
		packages: /^$/,
		why: 'metric math is pure and runs everywhere',
	},
	{
		name: 'integrations/sdk',
		files: /^src\/lib\/server\/integrations\/sdk\//,
		ours: /^src\/lib\/(server\/integrations\/sdk|metrics)\//,
		packages: /^(zod|ipaddr\.js)$/,
		why: 'the SDK runs in Convex, in Node and in tests: web standards only',
	},
	{
		name: 'an integration',
		files: new RegExp(`^${SERVICE}`),
		ours: /^src\/lib\/server\/integrations\/sdk\//,
		packages: /^@octokit\/core$/,
		why: 'a service knows the SDK and its own folder, nothing else',
	},
	{
		name: 'the integrations door',
		files: /^src\/lib\/server\/integrations\/[^/]+\.ts$/,
		ours: /^src\/lib\/server\/integrations\//,
		packages: /^$/,
		why: 'registration sees only the SDK and the generated list',
	},
	{
		name: 'convex',
		files: /^convex\//,
		except: /^convex\/_generated\//,
		ours: /^(convex\/|src\/lib\/metrics\/|src\/lib\/server\/integrations\/(index\.ts|integrationRegistry\.ts|sdk\/))/,
		packages:
			/^(convex(\/.*)?|convex-helpers(\/.*)?|@convex-dev\/.+|better-auth(\/.*)?|better-call|zod|ipaddr\.js)$/,
		why: 'the same folder is deployed to Convex',
	},
	{
		name: 'the embedded deployment',
		files: /^src\/lib\/server\/embedded\//,
		ours: /^src\/lib\/server\/embedded\//,
		packages:
			/^(node:.+|convex(\/.*)?|better-sqlite3|yazl|yauzl|esbuild|jose(\/.+)?|ws|undici|croner|ipaddr\.js)$/,
		why: 'somebody could lift it out and use it for another Convex app',
	},
	{
		name: 'lib/charts',
		files: /^src\/lib\/charts\//,
		ours: /^src\/lib\/(charts|metrics)\//,
		packages: /^(svelte(\/.*)?|uplot(\/.*)?)$/,
		why: 'charts know numbers, not where they come from',
	},
	{
		name: 'lib/ui',
		files: /^src\/lib\/ui\//,
		ours: /^src\/lib\/ui\//,
		packages: /^(svelte(\/.*)?|bits-ui|svelte-sonner|mode-watcher|lucide-svelte\/icons\/.+)$/,
		why: 'primitives know nothing of the product',
	},
	{
		name: 'routes',
		files: /^src\/routes\//,
		except: /\+(layout|page)\.server\.ts$|\+server\.ts$/,
		ours: /^(src\/routes\/|src\/app\.css$|src\/lib\/(ui|charts|metrics)\/|src\/lib\/(backend|authClient)\.ts|convex\/_generated\/|src\/lib\/server\/integrations\/sdk\/manifest\.ts)/,
		packages:
			/^(svelte(\/.*)?|\$app\/.+|\.\/\$types|@sveltejs\/kit|convex(\/.*)?|convex-svelte(\/.*)?|better-auth\/.+|bits-ui|svelte-sonner|mode-watcher|lucide-svelte\/icons\/.+)$/,
		why: 'the browser never receives an integration or server code',
	},
];

const files = repositoryFiles().filter((file) => /\.(ts|svelte|js)$/.test(file));

describe('who may import whom', () => {
	for (const room of ROOMS) {
		it(`${room.name}: ${room.why}`, () => {
			const members = files.filter((file) => room.files.test(file) && !room.except?.test(file));
			expect(members.length, 'the room has files, or this rule checks nothing').toBeGreaterThan(0);
			const breaches: string[] = [];
			for (const file of members) {
				for (const specifier of importsOf(file)) {
					const target = resolveImport(file, specifier);
					// A bare `convex/server` is the package, not our folder: ours are reached by path or alias.
					const isOurs = target !== specifier;
					const isAllowed = isOurs ? room.ours.test(target) : room.packages.test(target);
					// A service may import within its own folder only.
					const service = new RegExp(`^(${SERVICE})`).exec(file)?.[1];
					const isSameService = service !== undefined && target.startsWith(service);
					if (!isAllowed && !isSameService && !/\/\$types(\.js)?$/.test(target))
						breaches.push(`${file} imports ${specifier}`);
				}
			}
			expect(breaches).toEqual([]);
		});
	}

	it('nothing imports the tests or the tools', () => {
		const breaches = files
			.filter((file) => /^(src\/(?!tools\/)|convex\/)/.test(file))
			.flatMap((file) =>
				importsOf(file).map((specifier) => [file, resolveImport(file, specifier)] as const),
			)
			.filter(([, target]) => target.startsWith('tests/') || target.startsWith('src/tools/'));
		expect(breaches).toEqual([]);
	});
});
