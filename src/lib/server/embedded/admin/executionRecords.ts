/** What the deployment's log stream says of one finished function, made where functions run. */
import { runOutside, type Execution } from '../functions/execution.ts';
import { toFailure } from '../functions/failures.ts';
import type { ComponentPath, UdfType } from '../types.ts';

/** The log event that carries a record from where functions run to where the log is kept; not for the host's log. */
export const EXECUTION_EVENT = 'function.executed';

export interface ExecutionRecord {
	kind: UdfType;
	component: ComponentPath;
	/** 'module/path:function', or the route of an HTTP action. */
	path: string;
	requestId: string;
	/** ms since the epoch, of the end. */
	endedAtMs: number;
	durationMs: number;
	/** Its own lines, without those of functions that have a record of their own. */
	logLines: string[];
	/** null: it succeeded. */
	error: string | null;
	caller: 'Client' | 'HttpEndpoint' | 'Action' | 'Scheduler';
	isAdmin: boolean;
}

const reportedLines = new WeakMap<Execution, string[]>();

/** Lines of a function called by `caller` that stand in the called function's own record. */
export function noteReported(caller: Execution, lines: readonly string[]): void {
	const known = reportedLines.get(caller);
	if (known) known.push(...lines);
	else reportedLines.set(caller, [...lines]);
}

/** Runs a function that has a record of its own. Does nothing else when nobody keeps records. */
export async function recorded<T>(execution: Execution, run: () => Promise<T>): Promise<T> {
	const { options } = execution.engine;
	if (!options.recordExecutions) return run();
	const startMs = performance.now();
	const record = (error: string | null): void =>
		runOutside(() => {
			const { kind, component, path, request, caller, depth } = execution;
			options.log(EXECUTION_EVENT, {
				kind,
				component,
				path,
				requestId: request.requestId,
				endedAtMs: options.clock.now(),
				durationMs: performance.now() - startMs,
				logLines: ownLines(execution),
				error,
				caller: callerOf(kind, request.scheduledFunctionId, depth),
				isAdmin: caller.isAdmin,
			} satisfies ExecutionRecord);
		});
	try {
		const result = await run();
		record(null);
		return result;
	} catch (error) {
		const { requestId } = execution.request;
		const { message } = toFailure(error, execution, requestId, true);
		record(message.replace(/^\[Request ID: \S+\] Server Error\n?/, '') || 'Server Error');
		throw error;
	}
}

function callerOf(
	kind: UdfType,
	scheduledFunctionId: string | null,
	depth: number,
): ExecutionRecord['caller'] {
	if (depth > 0) return 'Action';
	if (scheduledFunctionId !== null) return 'Scheduler';
	return kind === 'httpAction' ? 'HttpEndpoint' : 'Client';
}

function ownLines(execution: Execution): string[] {
	const reported = reportedLines.get(execution);
	if (!reported) return [...execution.logLines];
	const left = new Map<string, number>();
	for (const line of reported) left.set(line, (left.get(line) ?? 0) + 1);
	return execution.logLines.filter((line) => {
		const count = left.get(line) ?? 0;
		if (count > 0) left.set(line, count - 1);
		return count === 0;
	});
}
