/**
 * How long functions may take. Convex allows queries and mutations one second of their own computing time; in this
 * process several functions share one thread, so what can be measured is wall-clock time, and the limit is wider. It
 * catches what waits for ever. A loop that never awaits holds the thread and cannot be stopped from here: that takes
 * functions in a worker of their own, which everything crossing `FunctionRunner` being plain data prepares.
 */
import { FunctionError, type Clock } from '../types.ts';

export const TRANSACTION_LIMIT_MS = 10_000;
/** https://docs.convex.dev/functions/actions: ten minutes. */
export const ACTION_LIMIT_MS = 10 * 60 * 1000;

export async function withTimeLimit<T>(
	clock: Clock,
	limitMs: number,
	path: string,
	run: () => Promise<T>,
): Promise<T> {
	let timer: { cancel(): void } | undefined;
	const timeout = new Promise<never>((_resolve, reject) => {
		timer = clock.setTimeout(() => {
			reject(
				new FunctionError(
					'FunctionTimeout',
					`Function ${path} took too long (limit: ${limitMs / 1000} seconds). Do less per call.`,
				),
			);
		}, limitMs);
	});
	try {
		return await Promise.race([run(), timeout]);
	} finally {
		timer?.cancel();
	}
}
