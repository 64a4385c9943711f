import { integrationRegistry } from './integrationRegistry.ts';
import { services } from './services.generated.ts';

for (const Service of services) integrationRegistry.register(new Service());

export { integrationRegistry } from './integrationRegistry.ts';
