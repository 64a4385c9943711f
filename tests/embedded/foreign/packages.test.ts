/** Packages of a project: how they are resolved, bundled, or left to Node. */
import { describe, expect, it } from 'vitest';
import { valueOf } from '../functions/support.ts';
import { pushProject } from './project.ts';

const manifest = (name: string, more: object = {}) =>
	JSON.stringify({ name, version: '1.0.0', ...more });

describe('bundled packages', () => {
	it('E3-6 the conditions "convex" and "module" choose among what a package offers', async () => {
		const app = await pushProject({
			'node_modules/offers/package.json': manifest('offers', {
				exports: {
					'.': { convex: './convex.js', module: './module.js', default: './default.js' },
					'./second': { module: './module.js', node: './node.js', default: './default.js' },
				},
			}),
			'node_modules/offers/convex.js': `export const which = 'convex';`,
			'node_modules/offers/module.js': `export const which = 'module';`,
			'node_modules/offers/node.js': `export const which = 'node';`,
			'node_modules/offers/default.js': `export const which = 'default';`,
			'convex/which.ts': `
				import { query } from './_generated/server';
				import { which as first } from 'offers';
				import { which as second } from 'offers/second';
				export default query(async () => [first, second]);`,
		});
		expect(await app.value('which')).toEqual(['convex', 'module']);
	});

	it('E3-6 CommonJS packages that require each other', async () => {
		const app = await pushProject({
			'node_modules/outer/package.json': manifest('outer', { main: 'lib' }),
			'node_modules/outer/lib/index.js': `
				const { double } = require('inner');
				exports.quadruple = (n) => double(double(n));
				exports.environment = process.env.NODE_ENV;`,
			'node_modules/inner/package.json': manifest('inner'),
			'node_modules/inner/index.js': `module.exports = { double: (n) => n * 2 };`,
			'convex/math.ts': `
				import { query } from './_generated/server';
				import outer, { environment } from 'outer';
				export default query(async () => [outer.quadruple(3), environment]);`,
		});
		expect(await app.value('math')).toEqual([12, 'production']);
	});
});

describe('external packages of convex.json', () => {
	/** What only works unbundled: it looks for a file beside itself. */
	const native = {
		'node_modules/native/package.json': manifest('native', { dependencies: { helper: '*' } }),
		'node_modules/native/index.js': `
			const { readFileSync } = require('node:fs');
			const { join } = require('node:path');
			exports.read = () => readFileSync(join(__dirname, 'data.txt'), 'utf8') + require('helper');`,
		'node_modules/native/data.txt': 'beside me',
		'node_modules/helper/package.json': manifest('helper'),
		'node_modules/helper/index.js': `module.exports = ', helped';`,
		'node_modules/modern/package.json': manifest('modern', {
			type: 'module',
			exports: { '.': './index.js', './package.json': './package.json' },
		}),
		'node_modules/modern/index.js': `export const here = import.meta.url;`,
		'functions/node.ts': `
			'use node';
			import { action } from './_generated/server';
			import { read } from 'native';
			import { here } from 'modern';
			export const read_ = action(async () => [read(), here.endsWith('/node_modules/modern/index.js')]);`,
	};
	const dependencies = { native: '^1.0.0', modern: '^1.0.0' };

	it.each([
		['named', ['native', 'modern']],
		['all of package.json', ['*']],
	])('E3-6 %s: imported as they are installed', async (_how, externalPackages) => {
		const app = await pushProject(
			{
				...native,
				'package.json': JSON.stringify({ dependencies }),
				'convex.json': JSON.stringify({ functions: 'functions/', node: { externalPackages } }),
			},
			{ functions: 'functions' },
		);
		expect(valueOf(await app.act('node:read_'))).toEqual(['beside me, helped', true]);
	});

	it('E3-6 a convex.json of other functions, and packages nobody named, change nothing', async () => {
		const app = await pushProject(
			{
				...native,
				'functions/node.ts': native['functions/node.ts'].replace('read()', '1'),
				'package.json': JSON.stringify({ dependencies }),
				'convex.json': JSON.stringify({
					functions: 'elsewhere/',
					node: { externalPackages: ['*'] },
				}),
			},
			{ functions: 'functions' },
		);
		expect(valueOf(await app.act('node:read_'))).toEqual([1, false]);
	});

	it('E3-6 a convex.json that is not JSON is named', async () => {
		const files = { 'convex.json': '{', 'convex/a.ts': `export const a = 1;` };
		await expect(pushProject(files)).rejects.toMatchObject({
			code: 'InvalidSettings',
			file: 'convex.json',
		});
	});
});
