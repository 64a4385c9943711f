/** The fixture's data as the store alone reads it: for folders that no server runs on. */
import path from 'node:path';
import { CONVEX_LIMITS } from '../../../src/lib/server/embedded/storage/limits.ts';
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import type { Everything } from './app.ts';

export interface StoreContents {
	everything: Everything;
	/** What the store's own check found. */
	problems: string[];
}

/** Opens the store, which recovers it, and closes it again. */
export async function readStore(dataDir: string): Promise<StoreContents> {
	const storage = openStorage({
		file: path.join(dataDir, 'convex.sqlite'),
		clock: { now: () => Date.now() },
		limits: Object.fromEntries(Object.keys(CONVEX_LIMITS).map((name) => [name, Infinity])),
		// Nothing is written that must last.
		synchronous: 'NORMAL',
	});
	try {
		const session = storage.snapshot();
		const rows = <T>(tableName: string): T[] => {
			const found: JsonValue[] = [];
			const stream = session.openStream('', {
				source: { type: 'FullTableScan', tableName, order: 'asc' },
				operators: [],
			});
			for (let row = session.next(stream); !row.done; row = session.next(stream))
				found.push(row.value);
			return found as T[];
		};
		try {
			const everything: Everything = {
				ops: rows('ops'),
				balance: rows<{ balance: number }>('accounts').reduce(
					(sum, { balance }) => sum + balance,
					0,
				),
				mutationRuns: rows<{ op: string }>('mutationRuns').map(({ op }) => op),
				actionRuns: rows<{ op: string }>('actionRuns').map(({ op }) => op),
				attachments: rows<{ file: string }>('attachments').map(({ file }) => file),
				jobs: rows<{ name: string; args: [{ op: string }]; state: { kind: string } }>(
					'_scheduled_functions',
				).map(({ name, args, state }) => ({ name, op: args[0].op, state: state.kind })),
				files: rows<{ _id: string; sha256: string; size: number }>('_storage').map(
					({ _id, sha256, size }) => ({ id: _id, sha256, size }),
				),
			};
			return { everything, problems: storage.checkIntegrity().problems };
		} finally {
			session.dispose();
		}
	} finally {
		await storage.close();
	}
}
