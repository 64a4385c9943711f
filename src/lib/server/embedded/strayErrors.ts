/** Errors of user code that nobody waits for: logged, and never the end of the process. */
import { currentExecution, runOutside } from './execution.ts';

let isInstalled = false;

/** Must be called inside the function that caused it. */
export function reportStrayError(error: unknown): void {
	const execution = currentExecution();
	if (!execution) return;
	runOutside(() =>
		execution.engine.options.log('function.strayError', {
			function: execution.path,
			component: execution.component,
			requestId: execution.request.requestId,
			error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
		}),
	);
}

/**
 * Node runs the listener in the context of the promise, which tells whether user code made it. Other rejections keep
 * Node's default, the end of the process, unless somebody else listens for them.
 */
export function installRejectionGuard(): void {
	if (isInstalled) return;
	isInstalled = true;
	process.on('unhandledRejection', (reason) => {
		if (currentExecution()) reportStrayError(reason);
		else if (process.listenerCount('unhandledRejection') === 1) throw reason;
	});
}
