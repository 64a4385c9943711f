/**
 * Child process of the migration test: opens the data file and kills itself before the n-th statement that writes.
 * Arguments: file, n, and "bare" to leave out the transaction around the migration, which is the planted bug of the
 * test's control. Prints "done" when it got through alive.
 */
import {
	openSqlite,
	type SqliteDatabase,
} from '../../../src/lib/server/embedded/storage/sqlite.ts';
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';

const [file, last, mode] = process.argv.slice(2) as [string, string, string?];
let left = Number(last);

function countDown(): void {
	left -= 1;
	if (left === 0) process.kill(process.pid, 'SIGKILL');
}

const storage = openStorage({
	file,
	clock: { now: () => Date.now() },
	openDatabase(path, options) {
		const database = openSqlite(path, options);
		return {
			...database,
			get inTransaction() {
				return database.inTransaction;
			},
			exec(sql) {
				countDown();
				if (mode !== 'bare' || !/^(BEGIN|COMMIT)/.test(sql)) database.exec(sql);
			},
			prepare(sql) {
				const statement = database.prepare(sql);
				return {
					get: (...values) => statement.get(...values),
					all: (...values) => statement.all(...values),
					run(...values) {
						countDown();
						return statement.run(...values);
					},
				};
			},
		} satisfies SqliteDatabase;
	},
});
await storage.close();
console.log('done');
