/** Waiting for what components do in the background. */
import type { Opened } from '../functions/support.ts';

const POLL_MS = 10;
const PATIENCE_MS = 25_000;

/** Reads until `isThere` holds, then answers what was read. @throws with the last value when it never does */
export async function until<T>(
	read: () => Promise<T>,
	isThere: (value: T) => boolean,
	betweenReads: () => Promise<unknown> = () =>
		new Promise((resolve) => setTimeout(resolve, POLL_MS)),
): Promise<T> {
	const deadlineMs = performance.now() + PATIENCE_MS;
	for (;;) {
		const value = await read();
		if (isThere(value)) return value;
		if (performance.now() > deadlineMs) {
			throw new Error(`It never came: ${JSON.stringify(value)}`);
		}
		await betweenReads();
	}
}

/** Until a query of the app lists all of `lines`. */
export function untilListed(app: Opened, name: string, lines: string[]): Promise<string[]> {
	return until(
		async () => (await app.value(name)) as string[],
		(listed) => lines.every((line) => listed.includes(line)),
	);
}
