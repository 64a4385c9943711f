/** Memory of another process, from /proc. */
import { readFileSync } from 'node:fs';

/** Short against the second that a large answer takes. */
const SAMPLE_MS = 5;

/** Resident bytes of a process. Throws when it is gone. */
export function residentBytes(pid: number): number {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) * 1024;
}

/** The highest resident size while `work` runs, less the size at its start. */
export async function growthDuring(pid: number, work: () => Promise<unknown>): Promise<number> {
	const before = residentBytes(pid);
	let highest = before;
	const timer = setInterval(() => (highest = Math.max(highest, residentBytes(pid))), SAMPLE_MS);
	try {
		await work();
	} finally {
		clearInterval(timer);
	}
	return Math.max(highest, residentBytes(pid)) - before;
}
