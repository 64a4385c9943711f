import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
	integrationRegistry,
	integrationTesters,
} from '../../src/lib/server/integrations/index.ts';
import { IntegrationRegistry } from '../../src/lib/server/integrations/integrationRegistry.ts';
import {
	BaseIntegration,
	manifestOf,
	type Json,
} from '../../src/lib/server/integrations/sdk/index.ts';
import { testEnvironment } from './support/environment.ts';

const root = path.resolve(import.meta.dirname, '../..');
const room = path.join(root, 'src/lib/server/integrations');
const all = integrationRegistry.list();
const folders = readdirSync(room, { withFileTypes: true })
	.filter((entry) => entry.isDirectory() && entry.name !== 'sdk')
	.map((entry) => entry.name);

/** Settings a connection could have, so that metricsFor can be asked. */
const settingsOf: Record<string, Record<string, Json>> = {
	github: { repositories: ['a/b', 'a/c'], baseUrl: 'https://api.github.com' },
	prometheus: {
		baseUrl: 'http://x',
		queries: ['one', 'two'].map((id) => ({ id, name: id, query: id, unit: 'none', kind: 'gauge' })),
	},
	'this-server': {},
};

describe('the registry', () => {
	it('S3-02 holds every folder, and nothing twice', () => {
		expect(all.map((one) => one.id).sort()).toEqual(folders.sort());
		expect(all.length).toBeGreaterThanOrEqual(3);
	});

	it('S3-03 is filled from one generated list that says what each integration is', () => {
		const list = readFileSync(path.join(room, 'services.generated.ts'), 'utf8');
		for (const one of all) {
			expect(list).toContain(`from './${one.id}/index.ts'`);
			expect(list).toContain(`// ${one.category}, ${one.dataStrategy}`);
		}
	});

	it('S3-04 every registered integration has a tester', () => {
		expect(Object.keys(integrationTesters).sort()).toEqual(all.map((one) => one.id).sort());
	});

	it('S3-06 names an unknown integration instead of doing nothing', () => {
		expect(() => integrationRegistry.get('stripe-2')).toThrow(
			expect.objectContaining({
				code: 'UNKNOWN_INTEGRATION',
				message: expect.stringContaining('stripe-2'),
			}),
		);
		for (const id of ['constructor', '__proto__', ''])
			expect(() => integrationRegistry.get(id)).toThrow(/no integration/);
	});

	it('S3-02 refuses two classes behind one id', () => {
		const registry = new IntegrationRegistry();
		registry.register(all[0]!);
		expect(() => registry.register(all[0]!)).toThrow(/must be unique/);
	});
});

describe.each(all.map((one) => ({ id: one.id, one })))('$id', ({ id, one }) => {
	it('S3-01 is a complete subclass of BaseIntegration, named after the service', () => {
		expect(one).toBeInstanceOf(BaseIntegration);
		expect(one.constructor.name.toLowerCase()).toBe(id.replaceAll('-', ''));
		expect(one.name).not.toBe('');
		expect(one.description).toMatch(/^[A-Z].*\.$/);
		expect([
			'payment',
			'development',
			'analytics',
			'marketing',
			'communication',
			'operations',
		]).toContain(one.category);
		expect(one.auth.length).toBeGreaterThan(0);
		expect(new Set(one.auth.map((option) => option.id)).size).toBe(one.auth.length);
		expect(one.metrics.length).toBeGreaterThan(0);
		expect(one.syncEveryMinutes).toBeGreaterThanOrEqual(1);
		expect(one.shouldBackfill).toBe(one.historicalDays > 0);
		expect(one.guide.steps.length).toBeGreaterThan(0);
	});

	it('S3-19 defines each metric wholly', () => {
		for (const metric of one.metrics) {
			expect(metric.id).toMatch(/^[a-z][a-z0-9_]*$/);
			expect(metric.description).toMatch(/^[A-Z].*\.$/);
			// Only amounts add up, and only levels and counters do not.
			expect(metric.merge === 'sum').toBe(metric.kind === 'delta');
			expect(metric.historicalDays !== undefined).toBe(metric.strategy !== 'snapshot');
		}
		expect(new Set(one.metrics.map((metric) => metric.id)).size).toBe(one.metrics.length);
	});

	it('S3-19 keeps the keys of its series apart', () => {
		const series = one.metricsFor(settingsOf[id]!);
		expect(series.length).toBeGreaterThan(0);
		expect(new Set(series.map((metric) => metric.seriesKey)).size).toBe(series.length);
		expect(one.metricsFor(settingsOf[id]!)).toEqual(series);
	});

	it('S3-10 has one manifest for server and client: plain JSON without secrets or functions', () => {
		const manifest = manifestOf(one);
		expect(JSON.parse(JSON.stringify(manifest))).toEqual(manifest);
		const { dataStrategy, shouldBackfill, historicalDays, syncEveryMinutes, category } = one;
		expect(manifest).toMatchObject({
			id,
			dataStrategy,
			shouldBackfill,
			historicalDays,
			syncEveryMinutes,
			category,
			metrics: [...one.metrics],
		});
		for (const option of manifest.auth)
			for (const property of option.properties) expect(property).not.toHaveProperty('default');
		const inputs = [...manifest.auth.flatMap((option) => option.properties), ...manifest.settings];
		for (const input of inputs) {
			expect(input.label).not.toBe('');
			if (input.hasOptionsResolver) expect(one.options).toBeTypeOf('function');
			if (input.hasPreview) expect(one.preview).toBeTypeOf('function');
			const known = new Set(inputs.map((other) => other.name));
			for (const name of input.dependsOn ?? []) expect(known).toContain(name);
		}
	});

	it('S3-14 has an icon that is small, safe and scales', () => {
		const file = path.join(root, 'static', manifestOf(one).icon);
		expect(existsSync(file)).toBe(true);
		expect(statSync(file).size).toBeLessThan(4096);
		const svg = readFileSync(file, 'utf8');
		expect(svg).toMatch(/^<svg[^>]*viewBox="0 0 24 24"/);
		expect(svg).not.toMatch(/<script|\son\w+=|href=|<foreignObject|<style/i);
	});

	it('S3-18 writes down the quirks and limits of the service', () => {
		expect(one.quirks.length).toBeGreaterThan(0);
		const roadmap = readFileSync(path.join(root, 'notes/INTEGRATION_ROADMAP.md'), 'utf8');
		expect(roadmap).toContain(`## ${one.name}`);
		for (const metric of one.metrics) expect(roadmap).toContain(metric.name);
	});

	it('S3-05 asks for what is missing before it makes any request', async () => {
		const options = one.auth.filter((option) => option.kind !== 'none');
		for (const option of options) {
			const environment = testEnvironment({ fetch: () => expect.fail('nothing may be sent') });
			const outcome = await integrationTesters[id]!({ authId: option.id, values: {} }, environment);
			expect(outcome).toMatchObject({ ok: false, failure: { code: 'PROPERTY_INVALID' } });
			expect(environment.reports).toEqual([]);
		}
	});
});
