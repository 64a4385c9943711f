/** Child: bare Node and SQLite over the same rows, from their start to the same answer. */
import Database from 'better-sqlite3';

const [file, group] = process.argv.slice(2);
const database = new Database(file!);
database.pragma('journal_mode = WAL');
const rows = database
	.prepare('SELECT body FROM notes WHERE grp = ? ORDER BY rank LIMIT 50')
	.all(group!) as { body: string }[];
const documents = rows.map(({ body }) => JSON.parse(body) as unknown);
process.stdout.write(JSON.stringify({ rows: documents.length, rss: process.memoryUsage.rss() }));
database.close();
