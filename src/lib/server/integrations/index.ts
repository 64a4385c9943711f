import { integrationRegistry } from './integrationRegistry.ts';
import { testerOf, type IntegrationTester } from './sdk/index.ts';
import { services } from './services.generated.ts';

for (const Service of services) integrationRegistry.register(new Service());

/** id -> connection test, derived: a registered integration cannot lack one. */
export const integrationTesters: Readonly<Record<string, IntegrationTester>> = Object.freeze(
	Object.fromEntries(
		integrationRegistry.list().map((integration) => [integration.id, testerOf(integration)]),
	),
);

export { integrationRegistry } from './integrationRegistry.ts';
