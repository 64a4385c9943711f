/** The tree of component instances of one pushed version, and how functions in it are addressed. */
import type { ComponentDefinition } from './definitions.ts';
import type { FunctionHandles } from '../functions/functionHandles.ts';
import type { LoadedModules } from './loader.ts';
import type { LoadedFunction } from './loadedFunctions.ts';
import { FunctionError, type ComponentPath, type JsonValue } from '../types.ts';

export interface ComponentInstance extends LoadedModules {
	path: ComponentPath;
	definition: ComponentDefinition;
	/** What its functions see as `process.env`. */
	env: Record<string, string>;
}

/** Everything one push brought; never changed afterwards. */
export interface Deployment {
	version: number;
	/** The app is ''. */
	components: Map<ComponentPath, ComponentInstance>;
	handles: FunctionHandles;
	/** Keys of its instances in the instance runtime. */
	instanceKeys: string[];
}

export interface FunctionTarget {
	component: ComponentPath;
	path: string;
}

const CHILD_REFERENCE = '_reference/childComponent/';

export function childPath(parent: ComponentPath, name: string): ComponentPath {
	return parent === '' ? name : `${parent}/${name}`;
}

/** 'mod/path.js:fn', 'mod/path' and 'mod/path:default' in one form. */
export function normalizeFunctionPath(path: string): string {
	const colon = path.indexOf(':');
	const module = colon === -1 ? path : path.slice(0, colon);
	const name = colon === -1 ? 'default' : path.slice(colon + 1);
	return `${module.replace(/\.[cm]?[jt]sx?$/, '')}:${name}`;
}

/**
 * The address in the arguments of a syscall: exactly one of `name` (relative to the caller's component), `reference`
 * (into a child) and `functionHandle`. @throws FunctionError 'InvalidFunctionAddress' | 'FunctionNotFound'
 */
export function resolveAddress(
	deployment: Deployment,
	caller: ComponentPath,
	address: { [key: string]: JsonValue | undefined },
): { target: FunctionTarget; found: LoadedFunction } {
	const { name, reference, functionHandle } = address;
	if (typeof name === 'string') return find(deployment, { component: caller, path: name });
	if (typeof functionHandle === 'string') {
		const target = deployment.handles.find(deployment, functionHandle);
		if (target) return find(deployment, target);
		throw new FunctionError(
			'InvalidFunctionAddress',
			'This is no function handle of this deployment, or its function no longer exists. Make one with createFunctionHandle().',
		);
	}
	if (typeof reference === 'string') {
		const resolved = find(deployment, parseReference(caller, reference));
		// A parent sees the child's public functions only; the child may hand out others as handles.
		if (resolved.found.isPublic) return resolved;
		throw notFound('function', resolved.target);
	}
	throw new FunctionError(
		'InvalidFunctionAddress',
		'This is no function: pass a reference from `api`, `internal` or `components`, or a function handle.',
	);
}

function parseReference(caller: ComponentPath, reference: string): FunctionTarget {
	const parts = reference.startsWith(CHILD_REFERENCE)
		? reference.slice(CHILD_REFERENCE.length).split('/')
		: [];
	if (parts.length < 3) {
		throw new FunctionError('InvalidFunctionAddress', `${reference} does not lead to a function.`);
	}
	const [child, ...rest] = parts;
	const name = rest.pop()!;
	return { component: childPath(caller, child!), path: `${rest.join('/')}:${name}` };
}

function find(deployment: Deployment, target: FunctionTarget) {
	const found = findFunction(deployment, target);
	if (!found) throw notFound('function', target);
	return { target: { component: target.component, path: found.path }, found };
}

export function findFunction(
	deployment: Deployment,
	{ component, path }: FunctionTarget,
): LoadedFunction | null {
	const instance = deployment.components.get(component);
	return instance?.functions.get(normalizeFunctionPath(path)) ?? null;
}

/** Convex's own words; clients and tests match them. */
export function notFound(
	what: 'function' | 'public function',
	{ path }: FunctionTarget,
): FunctionError {
	return new FunctionError(
		'FunctionNotFound',
		`Could not find ${what} for '${normalizeFunctionPath(path).replace(/:default$/, '')}'. ` +
			'Did you forget to run `npx convex dev` or `npx convex deploy`?',
	);
}
