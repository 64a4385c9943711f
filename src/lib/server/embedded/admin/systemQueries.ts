/**
 * Convex's own queries at `_system/…`, as far as the official CLI asks for them. For administrators only; to others
 * they do not exist.
 */
import { normalizeFunctionPath, type Deployment } from '../bundles/components.ts';
import { newRequestId, toFailure } from '../functions/failures.ts';
import type { FunctionEngine } from '../functions/functionEngine.ts';
import { isJsonObject, type JsonObject } from '../storage/jsonValues.ts';
import type { Transaction } from '../storage/transaction.ts';
import {
	FunctionError,
	type ComponentPath,
	type FunctionCall,
	type FunctionOutcome,
	type JsonValue,
} from '../types.ts';
import { functionSpecs } from './functionSpecs.ts';
import type { Variables } from './variables.ts';

interface Context {
	deployment: Deployment;
	session: Transaction;
	component: ComponentPath;
	/** The deployment's own. */
	variables: Variables;
	siteUrl: string;
	cloudUrl: string;
}

type SystemQuery = (context: Context, args: JsonObject) => JsonValue | Promise<JsonValue>;

const PREFIX = '_system/';

const QUERIES: Record<string, SystemQuery> = {
	'_system/cli/tables:default': ({ session, component }) => ({
		page: session.tableNames(component).map((name) => ({ name })),
		isDone: true,
		continueCursor: '',
	}),
	'_system/cli/tableData:default': ({ session, component }, args) => {
		const { cursor, numItems } = (args.paginationOpts ?? {}) as JsonObject;
		const page = session.page(component, {
			query: {
				source: {
					type: 'FullTableScan',
					tableName: text(args, 'table'),
					order: args.order === 'asc' ? 'asc' : 'desc',
				},
				operators: [],
			},
			cursor: (cursor ?? null) as string | null,
			endCursor: null,
			pageSize: numItems as number,
		});
		return { ...page };
	},
	'_system/cli/tableSize:default': ({ session, component }, args) =>
		session.count(component, text(args, 'tableName')),
	'_system/cli/queryEnvironmentVariables:default': ({ variables }) =>
		Object.entries(variables)
			.map(([name, value]) => ({ name, value }))
			.sort((a, b) => (a.name < b.name ? -1 : 1)),
	'_system/cli/queryEnvironmentVariables:get': ({ variables }, args) => {
		const name = text(args, 'name');
		return Object.hasOwn(variables, name) ? { name, value: variables[name]! } : null;
	},
	'_system/cli/modules:apiSpec': ({ deployment, component }) =>
		functionSpecs(deployment, component),
	'_system/cli/convexUrl:cloudUrl': ({ cloudUrl }) => cloudUrl,
	'_system/cli/convexUrl:siteUrl': ({ siteUrl }) => siteUrl,
	'_system/frontend/components:list': ({ deployment }) =>
		[...deployment.components.keys()].map((path) => ({
			id: path,
			path,
			name: path === '' ? null : path.slice(path.lastIndexOf('/') + 1),
			parent: path === '' ? null : path.slice(0, Math.max(0, path.lastIndexOf('/'))),
			state: 'active',
		})),
};

/** null: an ordinary function, or none. */
export async function runSystemQuery(
	engine: FunctionEngine,
	deployment: Deployment,
	{ component, path, args, caller, requestId = newRequestId() }: FunctionCall,
	session: Transaction,
): Promise<FunctionOutcome | null> {
	if (!path.startsWith(PREFIX) || !caller.isAdmin) return null;
	const name = normalizeFunctionPath(path);
	if (!Object.hasOwn(QUERIES, name)) return null;
	const { siteUrl, cloudUrl = siteUrl } = engine.options;
	const context = { deployment, session, component, variables: engine.variables() };
	try {
		const value = await QUERIES[name]!(
			{ ...context, siteUrl, cloudUrl },
			isJsonObject(args) ? args : {},
		);
		return { ok: true, value, logLines: [] };
	} catch (error) {
		return { ok: false, failure: toFailure(error, null, requestId, true), logLines: [] };
	}
}

function text(args: JsonObject, field: string): string {
	const value = args[field];
	if (typeof value === 'string') return value;
	throw new FunctionError(
		'ArgumentValidation',
		`ArgumentValidationError: Object is missing the required field \`${field}\`, a string.`,
	);
}
