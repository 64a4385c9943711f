/** The app's HTTP router as http.ts exports it. */
import { PushError } from '../bundles/pushError.ts';

export interface HttpHandler {
	isHttp?: true;
	invokeHttpAction(request: Request): Promise<Response>;
}

export interface HttpRouter {
	lookup(path: string, method: string): [HttpHandler, string, string] | null;
	getRoutes?(): [path: string, method: string, handler: HttpHandler][];
}

export function readRouter(value: unknown): HttpRouter {
	const router = value as (HttpRouter & { isRouter?: boolean }) | undefined;
	if (typeof router?.lookup !== 'function') {
		throw new PushError(
			'InvalidHttpRouter',
			'http',
			'Its default export must come from httpRouter().',
		);
	}
	return router;
}
