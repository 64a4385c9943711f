/** Who runs what: for the function at the top, and for those it calls. */
import type { Deployment } from '../bundles/components.ts';
import type { ResolvedFunction } from './engine.ts';
import type { Execution, RequestInfo } from './execution.ts';
import type { Caller, ComponentPath, UdfType } from '../types.ts';

export interface Launch {
	deployment: Deployment;
	kind: UdfType;
	component: ComponentPath;
	path: string;
	caller: Caller;
	request: RequestInfo;
	depth: number;
}

const NOBODY = { identity: null, authToken: null };

/** Identity does not pass into another component, nor out of one. */
export function childLaunch(caller: Execution, { target, found }: ResolvedFunction): Launch {
	const isSameComponent = target.component === caller.component;
	return {
		deployment: caller.deployment,
		kind: found.kind,
		component: target.component,
		path: target.path,
		caller: isSameComponent ? caller.caller : { ...caller.caller, ...NOBODY },
		request: isSameComponent ? caller.request : { ...caller.request, authToken: null },
		depth: caller.depth + 1,
	};
}
