/**
 * Errors of user code that nobody waits for (a promise not awaited, a throw in a timer or a listener): logged, the end of
 * the function if it still runs, as on Convex, and never the end of the process. Node calls its last-resort listeners in the asynchronous context of what failed, which tells
 * user code from the server's own.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { currentExecution, runOutside, type StrayKind } from './execution.ts';
import type { LogEvent } from '../types.ts';

/** Set while modules of user code are evaluated. */
const loading = new AsyncLocalStorage<LogEvent>();

let isInstalled = false;

/** For what `run` imports: the errors it leaves behind are user code's. */
export function runLoading<T>(log: LogEvent, run: () => T): T {
	return loading.run(log, run);
}

/** Once per process; safe to call again. */
export function installStrayErrorGuard(): void {
	if (isInstalled) return;
	isInstalled = true;
	process.on('unhandledRejection', handleRejection);
	process.on('uncaughtException', handleException);
}

function handleRejection(reason: unknown): void {
	if (!report(reason, 'unhandledRejection') && process.listenerCount('unhandledRejection') === 1)
		endProcess(reason);
}

function handleException(error: unknown): void {
	if (!report(error, 'uncaughtException') && process.listenerCount('uncaughtException') === 1)
		endProcess(error);
}

/** With listeners of ours Node no longer ends the process by itself: for errors of the server that must stay so. */
function endProcess(error: unknown): void {
	process.removeListener('unhandledRejection', handleRejection);
	process.removeListener('uncaughtException', handleException);
	setImmediate(() => {
		throw error;
	});
}

/** False: it was not user code. */
function report(error: unknown, kind: StrayKind): boolean {
	const execution = currentExecution();
	const log = execution?.engine.options.log ?? loading.getStore();
	if (!log) return false;
	const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
	const where = execution
		? {
				function: execution.path,
				component: execution.component,
				requestId: execution.request.requestId,
			}
		: { function: 'a module, while it was loaded' };
	runOutside(() => log('function.strayError', { ...where, error: text }));
	execution?.fail?.(error, kind);
	return true;
}
