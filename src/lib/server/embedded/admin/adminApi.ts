/** HTTP endpoints for administrators: what the official CLI asks of a deployment beside its functions. */
import type { EmbeddedFunctions } from '../functions/runnerOptions.ts';
import { HttpFailure, readBody } from '../edges/httpMessages.ts';
import { isJsonObject } from '../storage/jsonValues.ts';
import { FunctionError, type Caller, type JsonValue } from '../types.ts';
import type { ExecutionLog } from './executionLog.ts';
import type { VariableChange } from './variables.ts';

export interface AdminApiOptions {
	functions: Pick<EmbeddedFunctions, 'variables' | 'updateVariables'>;
	executionLog: ExecutionLog;
	cloudUrl: string;
	siteUrl: string;
}

export interface AdminApi {
	takes(pathname: string): boolean;
	/** @throws HttpFailure */
	respond(request: Request, url: URL, caller: Caller): Promise<Response>;
}

type Endpoint = (request: Request, url: URL, options: AdminApiOptions) => Promise<Response>;

const MAX_BODY_BYTES = 4 * 1024 * 1024;

const listVariables: Endpoint = async (_request, _url, { functions }) =>
	Response.json({ environmentVariables: await functions.variables() });

const updateVariables: Endpoint = async (request, _url, { functions }) => {
	const changes = readChanges((await readBody(request, MAX_BODY_BYTES)).toString('utf8'));
	try {
		await functions.updateVariables(changes);
	} catch (error) {
		// Refused by a rule, or by the functions, which cannot be loaded with these values.
		const { code, message } = error as Partial<FunctionError>;
		if (error instanceof FunctionError || (error instanceof Error && error.name === 'PushError')) {
			throw new HttpFailure(400, code!, message!);
		}
		throw error;
	}
	return new Response(null, { status: 200 });
};

const streamLogs: Endpoint = async (request, url, { executionLog }) => {
	const cursor = Number(url.searchParams.get('cursor') ?? 0);
	if (!Number.isFinite(cursor)) throw bad('The "cursor" must be a number.');
	return Response.json(await executionLog.after(cursor, request.signal));
};

/** With one key there are no lesser ones: no list means everything. */
const checkAdminKey: Endpoint = async () =>
	Response.json({ success: true, allowedOps: [], isReadOnly: false });

const canonicalUrls: Endpoint = async (_request, _url, { cloudUrl, siteUrl }) =>
	Response.json({ convexCloudUrl: cloudUrl, convexSiteUrl: siteUrl });

const ENDPOINTS: Record<string, { method: 'GET' | 'POST'; respond: Endpoint }> = {
	'/api/check_admin_key': { method: 'GET', respond: checkAdminKey },
	'/api/list_environment_variables': { method: 'GET', respond: listVariables },
	'/api/update_environment_variables': { method: 'POST', respond: updateVariables },
	'/api/stream_function_logs': { method: 'GET', respond: streamLogs },
	'/api/stream_udf_execution': { method: 'GET', respond: streamLogs },
	'/api/v1/get_canonical_urls': { method: 'GET', respond: canonicalUrls },
	'/api/v1/list_environment_variables': { method: 'GET', respond: listVariables },
	'/api/v1/update_environment_variables': { method: 'POST', respond: updateVariables },
};

export function createAdminApi(options: AdminApiOptions): AdminApi {
	return {
		takes: (pathname) => Object.hasOwn(ENDPOINTS, pathname),
		async respond(request, url, caller) {
			requireAdmin(caller);
			const { method, respond } = ENDPOINTS[url.pathname]!;
			if (request.method !== method) {
				throw new HttpFailure(405, 'MethodNotAllowed', `Use ${method} for ${url.pathname}.`);
			}
			return respond(request, url, options);
		},
	};
}

/** Code and text of real deployments. @throws HttpFailure 403 */
export function requireAdmin(caller: Caller): void {
	if (caller.isAdmin) return;
	throw new HttpFailure(
		403,
		'BadDeployKey',
		'The provided deploy key was invalid for this deployment. Double check that the environment this key was generated for matches the desired deployment.',
	);
}

function readChanges(bodyText: string): VariableChange[] {
	let body: JsonValue;
	try {
		body = JSON.parse(bodyText) as JsonValue;
	} catch {
		throw new HttpFailure(400, 'BadJsonBody', 'The request body is not JSON. Send a JSON object.');
	}
	const changes = isJsonObject(body) ? body.changes : undefined;
	if (!Array.isArray(changes)) throw bad('The request body needs "changes", a list.');
	return changes.map((change) => {
		const { name, value = null } = isJsonObject(change) ? change : {};
		if (typeof name !== 'string' || (value !== null && typeof value !== 'string')) {
			throw bad('Each change needs a "name" and a "value", which is a text, or null to remove it.');
		}
		return { name, value };
	});
}

const bad = (message: string) => new HttpFailure(400, 'BadRequest', message);
