import './env.ts';
import { describe, expect, test } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import {
	integrationRegistry,
	integrationTesters,
} from '../../src/lib/server/integrations/index.ts';
import { manifestOf } from '../../src/lib/server/integrations/sdk/index.ts';
import { refusalOf, startWithOwner } from './harness.ts';

describe('the catalogue', () => {
	test('S3-04 every registered integration has a tester, and there is no other', () => {
		const ids = integrationRegistry.list().map(({ id }) => id);
		expect(ids.length).toBeGreaterThan(0);
		expect(Object.keys(integrationTesters).sort()).toEqual([...ids].sort());
		for (const id of ids) expect(typeof integrationTesters[id]).toBe('function');
	});

	test('S3-15 lists every integration in the category that it declares', async () => {
		const { owner } = await startWithOwner();
		const listed = await owner.query(api.integrations.list, {});
		const declared = integrationRegistry.list();
		expect(listed).toHaveLength(declared.length);
		for (const integration of declared) {
			expect(listed.find(({ id }) => id === integration.id)).toMatchObject({
				name: integration.name,
				category: integration.category,
				icon: `/integrations/${integration.id}.svg`,
				authLabels: integration.auth.map(({ label }) => label),
				metricCount: integration.metrics.length,
				connectedCount: 0,
				worstHealth: null,
			});
		}
	});

	test('S3-10 what the page is given is the manifest the server works by', async () => {
		const { owner } = await startWithOwner();
		for (const integration of integrationRegistry.list()) {
			const { manifest, connections } = await owner.query(api.integrations.get, {
				service: integration.id,
			});
			expect(manifest).toEqual(manifestOf(integration));
			expect(JSON.parse(JSON.stringify(manifest))).toEqual(manifest);
			expect(connections).toEqual([]);
		}
	});

	test('an unknown service is not found', async () => {
		const { owner } = await startWithOwner();
		for (const service of ['nope', '', '__proto__', 'constructor']) {
			expect(await refusalOf(owner.query(api.integrations.get, { service }))).toMatchObject({
				code: 'NOT_FOUND',
			});
		}
	});
});
