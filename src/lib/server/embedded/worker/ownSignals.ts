/** Signals that functions with `"use node"` send to what they take for their own process. */

type Kill = typeof process.kill;

/**
 * In the engine's thread only. There `process.kill(process.pid)` would end the server for everybody; it ends this thread
 * instead, as `process.exit()` does in a thread by itself. Signal 0 only asks whether a process is there.
 */
export function endThreadOnOwnSignal(): void {
	const realKill: Kill = process.kill.bind(process);
	// 0 and negative ids name groups of processes; ours is in the first.
	const isOwn = (pid: number) => [0, -1, process.pid, -process.pid].includes(Number(pid));
	const kill: Kill = (pid, signal) => {
		if (signal !== 0 && isOwn(pid)) process.exit(1);
		return realKill(pid, signal);
	};
	process.kill = kill;
}
