import { isMainThread } from 'node:worker_threads';

/**
 * Functions see UTC, as on Convex, whatever the host's zone is. Node has one zone per process and only the main thread
 * can set it; threads started after that inherit it.
 */
export function useUtc(): void {
	if (isMainThread) process.env.TZ = 'UTC';
}
