/**
 * The page's clock: everything that says "2 min ago" reads `at` and moves on by itself. Create it while a
 * component is set up; it stops with it. On the server it stands still.
 */
export class Now {
	at = $state(Date.now());

	constructor(everyMs = 1000) {
		$effect(() => {
			const timer = setInterval(() => (this.at = Date.now()), everyMs);
			return () => clearInterval(timer);
		});
	}
}
