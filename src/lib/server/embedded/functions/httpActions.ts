/** HTTP actions: routed by the app's http.ts, and by the http.ts of components mounted with a path prefix. */
import { recorded } from '../admin/executionRecords.ts';
import { childPath, type Deployment } from '../bundles/components.ts';
import { runInside } from './execution.ts';
import { logFailure, newRequestId, toFailure } from './failures.ts';
import type { FunctionEngine } from './functionEngine.ts';
import { limitResponse } from './httpResponseLimit.ts';
import type { HttpHandler } from './httpRoutes.ts';
import { withTimeLimit, ACTION_LIMIT_MS } from './timeLimits.ts';
import { FunctionError, type Caller, type ComponentPath } from '../types.ts';

/** Convex's own texts. */
const NO_ROUTER = 'This Convex deployment does not have HTTP actions enabled.';
const NO_ROUTE = 'No matching routes found';

export async function respondToHttp(
	engine: FunctionEngine,
	deployment: Deployment,
	request: Request,
	caller: Caller,
	requestId = newRequestId(),
): Promise<Response> {
	const { pathname } = new URL(request.url);
	const route = await findRoute(deployment, '', pathname, request.method);
	if (typeof route === 'string') return new Response(route, { status: 404 });
	const { ip = null, userAgent = null, authToken = null } = caller;
	const execution = engine.execution(
		{
			deployment,
			kind: 'httpAction',
			component: route.component,
			path: `${request.method} ${route.path}`,
			caller: route.component === '' ? caller : { ...caller, identity: null },
			request: { requestId, ip, userAgent, authToken, scheduledFunctionId: null },
			depth: 0,
		},
		null,
	);
	const limitMs = engine.options.timeLimitsMs?.action ?? ACTION_LIMIT_MS;
	engine.options.onEnter?.(execution);
	try {
		return await recorded(execution, async () => {
			const response = await withTimeLimit(engine.options.clock, limitMs, execution.path, () =>
				runInside(execution, () => route.handler.invokeHttpAction(request)),
			);
			if (response instanceof Response) {
				return limitResponse(response, (error) => logFailure(error, execution));
			}
			throw new FunctionError(
				'NotAResponse',
				`The HTTP action for ${route.path} did not return a Response.`,
			);
		});
	} catch (error) {
		// The operation of a body that still streams is not over; one that failed is.
		execution.isOver = true;
		logFailure(error, execution);
		const showErrors = engine.options.showErrors ?? false;
		const { message, data } = toFailure(error, execution, requestId, showErrors);
		// The body real deployments answer with: the first line, and where that may be told, the stack.
		const [title, ...trace] = message.split('\n');
		return Response.json(
			{
				code: trace.length === 0 ? title : `${title}: ${trace[0]}`,
				...(trace.length === 0 ? {} : { trace: trace.join('\n') }),
				...(data === undefined ? {} : { data }),
			},
			{ status: 500 },
		);
	}
}

interface Route {
	handler: HttpHandler;
	component: ComponentPath;
	path: string;
}

/** The route, or why there is none. */
async function findRoute(
	deployment: Deployment,
	component: ComponentPath,
	pathname: string,
	method: string,
): Promise<Route | string> {
	const { router, definition } = deployment.components.get(component)!;
	const { httpPrefix, httpMounts } = definition;
	const ownPath = below(httpPrefix, pathname);
	const found = ownPath === null ? null : (await router?.())?.lookup(ownPath, method);
	const own = found && { handler: found[0], component, path: found[2] };
	if (own?.path === ownPath) return own;
	// Of the app's prefix routes and the mounts the longest wins.
	const ownLength = own ? httpPrefix.length + own.path.length - '/*'.length : 0;
	const mounts = httpMounts
		.filter(([prefix]) => prefix.length > ownLength && below(prefix, pathname) !== null)
		.sort(([a], [b]) => b.length - a.length);
	for (const [prefix, child] of mounts) {
		const at = childPath(component, child);
		const route = await findRoute(deployment, at, below(prefix, pathname)!, method);
		if (typeof route !== 'string') return route;
	}
	return own ?? (router || httpMounts.length > 0 ? NO_ROUTE : NO_ROUTER);
}

/** '/a/b' below '/a/' is '/b'; null: it does not lie there. */
function below(prefix: string, pathname: string): string | null {
	return pathname.startsWith(prefix) ? pathname.slice(prefix.length - 1) : null;
}
