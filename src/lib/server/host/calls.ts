/** Calls of the pages' server code into the deployment, as the visitor whose token is given. */
import { ConvexHttpClient } from 'convex/browser';
import { getBridge } from './bridge.ts';

export function callerFor(token: string | undefined): ConvexHttpClient {
	const bridge = getBridge();
	return new ConvexHttpClient(bridge.apiUrl, {
		fetch: bridge.fetch,
		skipConvexDeploymentUrlCheck: true,
		logger: false,
		...(token ? { auth: token } : {}),
	});
}
