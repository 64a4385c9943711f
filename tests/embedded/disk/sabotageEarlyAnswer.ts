/** Preloaded into a victim: once it has started it answers without COMMIT. */
import Database from 'better-sqlite3';

/** A start makes so many, and what comes then is a client's. */
const HONEST_COMMITS = 3;
const { exec } = Database.prototype;
let commits = 0;
Database.prototype.exec = function (sql) {
	if (!this.readonly && this.inTransaction) {
		if (sql === 'COMMIT' && ++commits > HONEST_COMMITS) return this;
		if (sql.startsWith('BEGIN')) return this;
	}
	return exec.call(this, sql);
};
