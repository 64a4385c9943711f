/** Reloads functions as their sources change, for development. */
import { watch } from 'node:fs';
import type { Clock, LogEvent } from '../types.ts';

/** Editors write a file in several steps, and tools several files. */
const QUIET_MS = 120;
const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/;

export interface WatchOptions {
	push: () => Promise<void>;
	clock: Clock;
	log: LogEvent;
}

/** Failures of a push are logged; the next change tries again. Returns how to stop. */
export function watchFolders(folders: readonly string[], options: WatchOptions): () => void {
	let quiet: { cancel(): void } | null = null;
	let running: Promise<void> | null = null;
	let isStopped = false;

	const pushWhenFree = () => {
		if (isStopped) return;
		// One at a time; changes during a push lead to one more.
		running = (running ?? Promise.resolve())
			.then(() => options.push())
			.catch((error: unknown) => {
				const message = error instanceof Error ? error.message : String(error);
				options.log('functions.pushFailed', { message });
			});
	};
	const watchers = folders.map((folder) =>
		watch(folder, { recursive: true }, (_event, file) => {
			if (file !== null && !SOURCE.test(file)) return;
			quiet?.cancel();
			quiet = options.clock.setTimeout(pushWhenFree, QUIET_MS);
		}),
	);
	return () => {
		isStopped = true;
		quiet?.cancel();
		for (const watcher of watchers) watcher.close();
	};
}
