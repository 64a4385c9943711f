import { execFile, spawn } from 'node:child_process';
import {
	copyFileSync,
	cpSync,
	createWriteStream,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { ConvexClient } from 'convex/browser';
import { anyApi } from 'convex/server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPromise } from 'yauzl';
import { ZipFile } from 'yazl';
import { backupToFile } from '../../../src/lib/server/embedded/operate/backup.ts';
import {
	dataFolder,
	type DataFolder,
} from '../../../src/lib/server/embedded/operate/dataFolder.ts';
import { restoreBackup } from '../../../src/lib/server/embedded/operate/restore.ts';
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import { serve } from '../clients/serve.ts';
import {
	collect,
	indexRange,
	openTestStorage,
	query,
	scan,
	temporaryFolder,
} from '../storage/helpers.ts';

const WRITERS = 6;
const BACKUPS = 6;

interface Acknowledged {
	key: string;
	ts: bigint;
}

/** A process that writes until the test is over, and the ledger of what it acknowledged. */
function busyStore(folder: DataFolder) {
	const child = spawn(
		process.execPath,
		[path.join(import.meta.dirname, 'busyStore.ts'), folder.folder, String(WRITERS)],
		{ stdio: ['ignore', 'pipe', 'inherit'] },
	);
	onTestFinished(() => void child.kill('SIGKILL'));
	const ledger: Acknowledged[] = [];
	const waiters: { length: number; resolve: () => void }[] = [];
	const lines = createInterface({ input: child.stdout });
	lines.on('line', (line) => {
		const [writer, n, ts] = line.split(' ');
		ledger.push({ key: `${writer} ${n}`, ts: BigInt(ts!) });
		for (const waiter of waiters) if (ledger.length >= waiter.length) waiter.resolve();
	});
	return {
		ledger,
		/** Until so many more writes were acknowledged. */
		more: (count: number) =>
			new Promise<void>((resolve) => waiters.push({ length: ledger.length + count, resolve })),
		async kill() {
			const closed = new Promise((resolve) => lines.once('close', resolve));
			child.kill('SIGKILL');
			await closed;
		},
	};
}

function restoreAndKill(folder: DataFolder, backup: string, call: number): Promise<boolean> {
	const script = path.join(import.meta.dirname, 'killAtFileCall.ts');
	const args = [script, folder.folder, backup, String(call)];
	return new Promise((resolve, reject) => {
		execFile(process.execPath, args, (error, stdout, stderr) => {
			if (stdout.trim() === 'done') resolve(true);
			else if (error?.signal === 'SIGKILL') resolve(false);
			else reject(new Error(stderr));
		});
	});
}

/** What a ledger and a restored folder disagree about. */
function disagreements(ledger: Acknowledged[], folder: DataFolder, ts: bigint): string[] {
	const problems: string[] = [];
	const storage = openTestStorage({ file: folder.dataFile, clock: { now: () => Date.now() } });
	problems.push(...storage.checkIntegrity().problems);
	query(storage, (db) => {
		const writes = collect(db, indexRange('writes.by_writer')) as unknown as {
			writer: string;
			n: number;
			ts: { $integer: string };
		}[];
		const present = new Map(
			writes.map(({ writer, n, ts: at }) => [
				`${writer} ${n}`,
				Buffer.from(at.$integer, 'base64').readBigInt64LE(),
			]),
		);
		for (const { key, ts: at } of ledger) {
			if (at <= ts && !present.has(key)) problems.push(`lost ${key}`);
		}
		for (const [key, at] of present) if (at > ts) problems.push(`too late ${key}`);
		const [counter] = collect(db, scan('counter')) as { count: number }[];
		if (counter?.count !== writes.length) problems.push('the counter is not that of the writes');
		const files = collect(db, scan('_storage')) as { _id: string; size: number }[];
		for (const { _id, size } of files) {
			const bytes = readFileSync(path.join(folder.filesFolder, _id));
			if (bytes.length !== size) problems.push(`the file ${_id} is not whole`);
		}
		if (files.length !== readdirSync(folder.filesFolder).length) problems.push('files nobody owns');
	});
	return problems;
}

/** A sound ZIP, so that only the manifest can tell: one byte of the data file is another. */
async function repackAltered(backup: string, target: string): Promise<void> {
	const from = await openPromise(backup);
	const to = new ZipFile();
	for await (const entry of from.eachEntry()) {
		const bytes = await buffer(await from.openReadStreamPromise(entry));
		if (entry.fileName === 'convex.sqlite') bytes[bytes.indexOf('kept')]! ^= 1;
		to.addBuffer(bytes, entry.fileName);
	}
	to.end();
	await pipeline(to.outputStream, createWriteStream(target));
}

describe('R15 backup and restore', () => {
	test('R15 under write load: all that was acknowledged before, nothing after', async () => {
		const folder = dataFolder(temporaryFolder());
		const target = temporaryFolder();
		const store = busyStore(folder);
		await store.more(50);
		const backups: { file: string; ts: bigint; before: number }[] = [];
		for (let i = 0; i < BACKUPS; i++) {
			await store.more(20);
			const before = store.ledger.length;
			const file = path.join(target, `${i}.zip`);
			const { ts } = await backupToFile(folder, file);
			backups.push({ file, ts: BigInt(ts), before });
		}
		await store.more(20);
		await store.kill();
		for (const { file, ts, before } of backups) {
			// What was acknowledged before the backup began is in it.
			expect(store.ledger.slice(0, before).every((write) => write.ts <= ts)).toBe(true);
			expect(store.ledger.some((write) => write.ts > ts)).toBe(true);
			const restored = dataFolder(temporaryFolder());
			const report = await restoreBackup(restored, file);
			expect(BigInt(report.clock)).toBeGreaterThan(store.ledger.at(-1)!.ts);
			expect(disagreements(store.ledger, restored, ts)).toEqual([]);
		}
		expect(readdirSync(folder.folder).filter((name) => name.startsWith('held-'))).toEqual([]);
	}, 120_000);

	test('R15 control: a copy of the data file alone loses what was acknowledged', async () => {
		const folder = dataFolder(temporaryFolder());
		const store = busyStore(folder);
		await store.more(200);
		const ts = store.ledger.at(-1)!.ts;
		const copied = dataFolder(temporaryFolder());
		mkdirSync(copied.filesFolder);
		copyFileSync(folder.dataFile, copied.dataFile);
		await store.kill();
		let problems: string[];
		try {
			problems = disagreements(store.ledger, copied, ts);
		} catch (error) {
			problems = [String(error)];
		}
		expect(problems).not.toEqual([]);
	}, 60_000);

	test('R15 a client of the old deployment resynchronises to the restored one', async () => {
		const dataDir = temporaryFolder();
		const restoredDir = temporaryFolder();
		const backup = path.join(temporaryFolder(), 'backup.zip');
		const first = await serve(dataDir);
		const client = new ConvexClient(first.origin);
		onTestFinished(() => client.close());
		const seen: string[][] = [];
		client.onUpdate(anyApi.messages!.list!, { channel: 'a' }, (messages) =>
			seen.push(messages as string[]),
		);
		let n = 0;
		const send = (text: string) =>
			client.mutation(anyApi.messages!.send!, { channel: 'a', n: n++, text });
		await send('before');
		await backupToFile(dataFolder(dataDir), backup);
		await send('after');
		await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toEqual(['before', 'after']);
		await first.close();
		await restoreBackup(dataFolder(restoredDir), backup);
		const second = await serve(restoredDir, first.port);
		onTestFinished(() => second.close());
		// Nobody has written to it yet: the clock alone lets the client in.
		await expect.poll(() => seen.at(-1), { timeout: 30_000 }).toEqual(['before']);
		await send('again');
		await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toEqual(['before', 'again']);
	}, 60_000);

	test('R15 refuses a running deployment, a filled folder and a damaged backup; changes nothing', async () => {
		const folder = dataFolder(temporaryFolder());
		const backup = path.join(temporaryFolder(), 'backup.zip');
		const storage = openStorage({ file: folder.dataFile, clock: { now: () => Date.now() } });
		await storage.mutate(async (db) => db.insert('', 'notes', { text: 'kept' }));
		await backupToFile(folder, backup);
		await expect(restoreBackup(folder, backup, { force: true })).rejects.toMatchObject({
			code: 'StoreInUse',
		});
		await storage.mutate(async (db) => db.insert('', 'notes', { text: 'newer' }));
		await storage.close();
		const bytes = readFileSync(folder.dataFile);
		await expect(restoreBackup(folder, backup)).rejects.toMatchObject({ code: 'FolderNotEmpty' });
		const damaged = path.join(path.dirname(backup), 'damaged.zip');
		const whole = readFileSync(backup);
		for (const at of [60, Math.floor(whole.length / 2)]) {
			const copy = Buffer.from(whole);
			copy[at] = copy[at]! ^ 0xff;
			writeFileSync(damaged, copy);
			const refused = restoreBackup(folder, damaged, { force: true });
			await expect(refused).rejects.toMatchObject({ code: 'InvalidBackup' });
		}
		await repackAltered(backup, damaged);
		await expect(restoreBackup(folder, damaged, { force: true })).rejects.toThrow(
			/convex\.sqlite is not what the manifest says/,
		);
		writeFileSync(damaged, whole.subarray(0, whole.length - 40));
		await expect(restoreBackup(folder, damaged, { force: true })).rejects.toMatchObject({
			code: 'InvalidBackup',
		});
		expect(readFileSync(folder.dataFile).equals(bytes)).toBe(true);
		expect(readdirSync(folder.folder).sort()).toEqual(['convex.sqlite', 'convex.sqlite.lock']);

		await restoreBackup(folder, backup, { force: true });
		const again = openTestStorage({ file: folder.dataFile });
		const texts = query(again, (db) => collect(db, scan('notes'))) as { text: string }[];
		expect(texts.map(({ text }) => text)).toEqual(['kept']);
	});

	test('R15 a restore that is killed leaves the old deployment or the new one', async () => {
		const made = async (text: string) => {
			const folder = dataFolder(temporaryFolder());
			const storage = openTestStorage({ file: folder.dataFile });
			mkdirSync(folder.filesFolder);
			await storage.mutate(async (db) => {
				db.insert('', 'notes', { text });
				const id = db.systemInsert('', '_storage', { sha256: '', size: text.length });
				writeFileSync(path.join(folder.filesFolder, id), text);
			});
			await storage.close();
			return folder;
		};
		const [old, next] = [await made('old'), await made('next')];
		const backup = path.join(temporaryFolder(), 'backup.zip');
		await backupToFile(next, backup);
		const outcomes: string[] = [];
		for (let cut = 1, isThrough = false; !isThrough; cut++) {
			const folder = dataFolder(temporaryFolder());
			cpSync(old.folder, folder.folder, { recursive: true });
			isThrough = await restoreAndKill(folder, backup, cut);
			const storage = openTestStorage({ file: folder.dataFile });
			expect(storage.checkIntegrity().problems).toEqual([]);
			query(storage, (db) => {
				const [{ text }] = collect(db, scan('notes')) as [{ text: string }];
				const files = collect(db, scan('_storage')) as { _id: string }[];
				expect(readdirSync(folder.filesFolder)).toEqual(files.map(({ _id }) => _id));
				expect(readFileSync(path.join(folder.filesFolder, files[0]!._id), 'utf8')).toBe(text);
				outcomes.push(text);
			});
			await storage.close();
			const leftover = /^(restor|convex\.sqlite-)/;
			expect(readdirSync(folder.folder).filter((name) => leftover.test(name))).toEqual([]);
		}
		// The old one up to one moment, and from then on the new one.
		expect(outcomes.join(' ')).toMatch(/^(old )+(next )+next$/);
	}, 60_000);

	test('R15 other folders come along only when they are named, and stay when they are not', async () => {
		const folder = dataFolder(temporaryFolder());
		await openStorage({ file: folder.dataFile, clock: { now: () => Date.now() } }).close();
		mkdirSync(path.join(folder.folder, 'keys'));
		writeFileSync(path.join(folder.folder, 'keys', 'secret-key'), 'secret');
		const [without, withKeys] = ['a.zip', 'b.zip'].map((name) =>
			path.join(temporaryFolder(), name),
		);
		expect(await backupToFile(folder, without!)).toMatchObject({ included: [] });
		await backupToFile(folder, withKeys!, ['keys']);
		await expect(backupToFile(folder, without!, ['../x'])).rejects.toMatchObject({
			code: 'NoSuchFile',
		});
		const bare = dataFolder(temporaryFolder());
		await restoreBackup(bare, without!);
		expect(existsSync(path.join(bare.folder, 'keys'))).toBe(false);
		await restoreBackup(bare, withKeys!, { force: true });
		expect(readFileSync(path.join(bare.folder, 'keys', 'secret-key'), 'utf8')).toBe('secret');
		await restoreBackup(bare, without!, { force: true });
		expect(readFileSync(path.join(bare.folder, 'keys', 'secret-key'), 'utf8')).toBe('secret');
	});
});
