/** Runs tasks one after the other in the order asked; synchronously when nothing is under way. */
export class SerialQueue {
	private isBusy = false;
	private readonly waiting: (() => void)[] = [];

	/** For a task without waiting of its own: costs nothing when the queue is idle. */
	now<T>(task: () => T): T | Promise<T> {
		if (!this.isBusy) return task();
		return this.run(async () => task());
	}

	async run<T>(task: () => Promise<T>): Promise<T> {
		if (this.isBusy) await new Promise<void>((resolve) => this.waiting.push(resolve));
		this.isBusy = true;
		try {
			return await task();
		} finally {
			// Stays busy when handed over: nobody may slip in before the one who waited resumes.
			const next = this.waiting.shift();
			if (next) next();
			else this.isBusy = false;
		}
	}
}
