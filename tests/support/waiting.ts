import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/** Polls until `probe` resolves to something other than undefined or false. Errors of the probe end the wait. */
export async function until<T>(
	what: string,
	probe: () => Promise<T | undefined | false> | T | undefined | false,
	limitMs = 60_000,
): Promise<T> {
	const deadline = Date.now() + limitMs;
	for (;;) {
		const value = await probe();
		if (value !== undefined && value !== false) return value as T;
		if (Date.now() > deadline) throw new Error(`Waited ${limitMs / 1000} s in vain: ${what}`);
		await sleep(POLL_MS);
	}
}
