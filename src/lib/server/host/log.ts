/** One line of JSON per event on standard error, so that the address on standard output stays easy to find. */
export function logEvent(event: string, fields: Record<string, unknown> = {}): void {
	process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`);
}
