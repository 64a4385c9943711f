/** Preloaded into a victim: it takes every COMMIT for a success. */
import Database from 'better-sqlite3';

const { exec } = Database.prototype;
Database.prototype.exec = function (sql) {
	try {
		return exec.call(this, sql);
	} catch (error) {
		if (sql !== 'COMMIT') throw error;
		if (this.inTransaction) exec.call(this, 'ROLLBACK');
		return this;
	}
};
