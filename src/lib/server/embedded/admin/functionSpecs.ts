/** What a component offers, in the shape of `convex function-spec`. */
import type { Deployment } from '../bundles/components.ts';
import type { ComponentPath, JsonValue } from '../types.ts';

const TYPES = { query: 'Query', mutation: 'Mutation', action: 'Action' } as const;

/** Imports every module of the component. [] for a component that does not exist. */
export async function functionSpecs(
	deployment: Deployment,
	component: ComponentPath,
): Promise<JsonValue[]> {
	const instance = deployment.components.get(component);
	if (!instance) return [];
	const specs = [...instance.functions.values()].map(async (found): Promise<JsonValue> => {
		const { args, returns } = await found.load();
		const [module, name] = found.path.split(':') as [string, string];
		return {
			identifier: `${module}.js:${name}`,
			functionType: TYPES[found.kind],
			visibility: { kind: found.isPublic ? 'public' : 'internal' },
			args: args as JsonValue,
			returns: (returns ?? { type: 'any' }) as JsonValue,
		};
	});
	const router = await instance.router?.();
	const routes = router?.getRoutes?.() ?? [];
	return [
		...(await Promise.all(specs)),
		...routes.map(([path, method]) => ({ functionType: 'HttpAction', path, method })),
	];
}
