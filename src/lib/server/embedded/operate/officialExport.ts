/** What `npx convex export` asks for: one export at a time, made in the background, then fetched by its timestamp. */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { HttpFailure } from '../edges/httpMessages.ts';
import type { JsonValue, LogEvent } from '../types.ts';
import { HOLD_PREFIX, type DataFolder } from './dataFolder.ts';
import { toInt64 } from './officialStates.ts';

/** Long enough to fetch it; a copy of all data should not lie about. */
const KEPT_MS = 60 * 60 * 1000;
const PATH = '/api/export/request/zip';
const FILE_PATH = /^\/api\/export\/zip\/(\d{1,20})$/;

type State =
	{ state: 'in_progress' | 'failed' } | { state: 'completed'; startTs: string; file: string };

export class OfficialExport {
	private readonly folder: DataFolder;
	private readonly log: LogEvent;
	private readonly onChange: () => void;
	/** Of the latest. */
	private current: State | null = null;

	constructor(folder: DataFolder, log: LogEvent, onChange: () => void) {
		this.folder = folder;
		this.log = log;
		this.onChange = onChange;
	}

	takes(pathname: string): boolean {
		return pathname === PATH || FILE_PATH.test(pathname);
	}

	/** @throws HttpFailure */
	async respond(request: Request, { pathname, searchParams }: URL): Promise<Response> {
		const wanted = FILE_PATH.exec(pathname)?.[1];
		const method = wanted === undefined ? 'POST' : 'GET';
		if (request.method !== method) {
			throw new HttpFailure(405, 'MethodNotAllowed', `Use ${method} for ${pathname}.`);
		}
		if (wanted !== undefined) return this.send(wanted);
		if (this.current?.state === 'in_progress') {
			throw new HttpFailure(400, 'ExportInProgress', 'An export is in progress. Wait for its end.');
		}
		void this.make(searchParams.get('includeStorage') === 'true');
		return new Response(null, { status: 200 });
	}

	/** The answer to `_system/cli/exports:getLatest`. */
	latest(): JsonValue {
		if (this.current?.state !== 'completed') return this.current && { ...this.current };
		const { startTs, file } = this.current;
		const ts = toInt64(BigInt(startTs));
		return {
			state: 'completed',
			start_ts: ts,
			complete_ts: ts,
			zip_object_key: path.basename(path.dirname(file)),
		};
	}

	private become(state: State | null): void {
		this.current = state;
		this.onChange();
	}

	/** Never rejects. */
	private async make(includeFiles: boolean): Promise<void> {
		const before = this.current;
		this.become({ state: 'in_progress' });
		let holding: string | null = null;
		try {
			if (before?.state === 'completed') await remove(path.dirname(before.file));
			holding = await mkdtemp(path.join(this.folder.folder, HOLD_PREFIX));
			const file = path.join(holding, 'snapshot.zip');
			// Loaded when it is needed: a start does not wait for it.
			const { exportToFile } = await import('./exportFolder.ts');
			const { ts } = await exportToFile(this.folder, file, includeFiles);
			const made: State = { state: 'completed', startTs: ts, file };
			this.become(made);
			setTimeout(() => {
				if (this.current === made) this.become(null);
				void remove(path.dirname(file));
			}, KEPT_MS).unref();
		} catch (error) {
			this.log('export.failed', { error: String(error) });
			if (holding) await remove(holding);
			this.become({ state: 'failed' });
		}
	}

	private async send(ts: string): Promise<Response> {
		const { current } = this;
		if (current?.state !== 'completed' || current.startTs !== ts) {
			const message = `There is no export of the timestamp ${ts}. Only the latest is kept, for an hour.`;
			throw new HttpFailure(404, 'NoSuchExport', message);
		}
		const { size } = await stat(current.file);
		return new Response(Readable.toWeb(createReadStream(current.file)) as ReadableStream, {
			headers: {
				'content-type': 'application/zip',
				'content-length': String(size),
				'content-disposition': `attachment; filename=snapshot_${ts}.zip`,
			},
		});
	}
}

const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
