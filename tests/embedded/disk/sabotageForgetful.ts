/** Preloaded into a victim: it has forgotten which requests it has answered. */
import Database from 'better-sqlite3';

const { prepare } = Database.prototype;
Database.prototype.prepare = function (this: Database.Database, sql: string) {
	const statement = prepare.call(this, sql);
	if (!/^SELECT[^]*FROM session_requests WHERE session/.test(sql)) return statement;
	return Object.create(statement, { get: { value: () => undefined } }) as typeof statement;
} as typeof prepare;
