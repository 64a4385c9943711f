/** Which call a request id belongs to: functions know only the latter, the other thread only the former. */
import { newRequestId } from '../functions/failures.ts';

export class CallNumbers {
	private readonly numbers = new Map<string, number>();

	/** 0: none of the calls under way. */
	of(requestId: string): number {
		return this.numbers.get(requestId) ?? 0;
	}

	/** Runs with a request id for each of the calls numbered `first`, `first + 1`, …; they are forgotten after. */
	async during<T>(
		first: number,
		given: (string | undefined)[],
		run: (requestIds: string[]) => T | Promise<T>,
	): Promise<T> {
		const requestIds = given.map((requestId) => requestId ?? newRequestId());
		requestIds.forEach((requestId, index) => this.numbers.set(requestId, first + index));
		try {
			return await run(requestIds);
		} finally {
			for (const requestId of requestIds) this.numbers.delete(requestId);
		}
	}
}
