/** The machine's own time. */
import type { Clock } from './types.ts';

export const systemClock: Clock = {
	now: () => Date.now(),
	setTimeout(run, ms) {
		const timer = setTimeout(run, ms);
		return { cancel: () => clearTimeout(timer) };
	},
};
