import { describe, expect, it } from 'vitest';
import { readText, repositoryFiles } from './support.ts';

const files = repositoryFiles();
const sources = files.filter(
	(file) =>
		/\.(ts|svelte|mjs|js)$/.test(file) && !/_generated\/|\.generated\.|\/fixtures\//.test(file),
);

/** Strings that would name a machine; split so that this file does not contain them. */
const MACHINE_PATHS = new RegExp(
	`(^|[^\\w.])/(${['home', 'root', 'work', 'Users'].join('|')})/[\\w.-]+`,
);
const REGISTRY_HOSTS = /https?:\/\/[a-z0-9.-]*(registry|artifactory|nexus|verdaccio)[a-z0-9.-]*/i;

describe('house rules', () => {
	it('no file is a cathedral: 400 lines, tests 500', () => {
		const long = sources
			.map((file) => [file, readText(file).split('\n').length] as const)
			.filter(([file, lines]) => lines > (file.startsWith('tests/') ? 500 : 400));
		expect(long).toEqual([]);
	});

	it('names no path of a machine and no registry host', () => {
		const found = files
			.filter((file) => !/\.(png|svg|woff2?)$/.test(file))
			.filter((file) => MACHINE_PATHS.test(readText(file)) || REGISTRY_HOSTS.test(readText(file)));
		expect(found).toEqual([]);
	});

	it('has only the agreed folders at the top', () => {
		const folders = new Set(
			files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]),
		);
		expect([...folders].sort()).toEqual(['.ci', 'convex', 'notes', 'src', 'static', 'tests']);
	});

	it('convex/ has only names that Convex can bundle', () => {
		const bad = files
			.filter((file) => file.startsWith('convex/') && !file.startsWith('convex/_generated/'))
			.filter((file) => !/^[\w/]+(\.config)?\.(ts|json)$/.test(file));
		expect(bad).toEqual([]);
	});

	it('SEC-13 raw fetch stays inside the SDK’s request client and the deployment’s egress', () => {
		const allowed =
			/^src\/lib\/server\/(integrations\/sdk\/http(Client)?\.ts|embedded\/|host\/)|^convex\/lib\/outbound\.ts$|^src\/lib\/backend\.ts$|^src\/tools\//;
		const offenders = sources
			.filter((file) => /^(src|convex)\//.test(file) && !allowed.test(file))
			.filter((file) =>
				/(^|[^.\w])fetch\(/m.test(readText(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')),
			);
		expect(offenders).toEqual([]);
	});
});
