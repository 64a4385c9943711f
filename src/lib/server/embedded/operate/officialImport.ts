/** What `npx convex import` asks for: a file uploaded in parts, confirmed, imported in the background, watched. */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HttpFailure, readBody } from '../edges/httpMessages.ts';
import { isJsonObject, type JsonObject } from '../storage/jsonValues.ts';
import type { EmbeddedFunctions } from '../functions/runnerOptions.ts';
import type { JsonValue, LogEvent } from '../types.ts';
import { HOLD_PREFIX, type DataFolder } from './dataFolder.ts';
import type { ImportRequest } from './importFile.ts';
import { readFormat, readMode, toInt64 } from './officialStates.ts';

const MAX_JSON_BYTES = 4 * 1024 * 1024;
/** As on real deployments. */
const MAX_PARTS = 10_000;
/** Uploads that nobody finished, and imports that are over: the oldest go. */
const MAX_KEPT = 20;

interface Import {
	request: ImportRequest;
	holding: string;
	state: JsonObject & { state: string };
}

type Endpoint = (request: Request, url: URL) => Promise<Response>;

export class OfficialImport {
	private readonly folder: DataFolder;
	private readonly functions: Pick<EmbeddedFunctions, 'importFile'>;
	private readonly log: LogEvent;
	private readonly onChange: () => void;
	/** Folders of the parts, by upload token. */
	private readonly uploads = new Map<string, string>();
	private readonly imports = new Map<string, Import>();
	private readonly endpoints = new Map<string, Endpoint>([
		['/api/import/start_upload', () => this.startUpload()],
		['/api/import/upload_part', (request, url) => this.uploadPart(request, url)],
		['/api/import/finish_upload', (request) => this.finishUpload(request)],
		['/api/perform_import', (request) => this.perform(request)],
		['/api/cancel_import', (request) => this.cancel(request)],
	]);

	constructor(
		folder: DataFolder,
		functions: Pick<EmbeddedFunctions, 'importFile'>,
		log: LogEvent,
		onChange: () => void,
	) {
		this.folder = folder;
		this.functions = functions;
		this.log = log;
		this.onChange = onChange;
	}

	takes(pathname: string): boolean {
		return this.endpoints.has(pathname);
	}

	/** @throws HttpFailure */
	respond(request: Request, url: URL): Promise<Response> {
		if (request.method !== 'POST') {
			throw new HttpFailure(405, 'MethodNotAllowed', `Use POST for ${url.pathname}.`);
		}
		return this.endpoints.get(url.pathname)!(request, url);
	}

	/** The answer to `_system/cli/queryImport:list`. */
	list(): JsonValue {
		return [...this.imports].map(([id, { state }]) => ({ _id: id, state }));
	}

	/** The answer to `_system/cli/queryImport`. */
	find(id: JsonValue | undefined): JsonValue {
		const found = typeof id === 'string' ? this.imports.get(id) : undefined;
		return found ? { _id: id!, state: found.state } : null;
	}

	private async startUpload(): Promise<Response> {
		const uploadToken = randomUUID();
		this.uploads.set(uploadToken, await mkdtemp(path.join(this.folder.folder, HOLD_PREFIX)));
		for (const [token, holding] of this.uploads) {
			if (this.uploads.size <= MAX_KEPT) break;
			this.uploads.delete(token);
			await remove(holding);
		}
		return Response.json({ uploadToken });
	}

	private async uploadPart(request: Request, { searchParams }: URL): Promise<Response> {
		const holding = this.uploadOf(searchParams.get('uploadToken'));
		const part = Number(searchParams.get('partNumber'));
		if (!Number.isInteger(part) || part < 1 || part >= MAX_PARTS) {
			throw bad(`"partNumber" must be an integer from 1 to ${MAX_PARTS - 1}.`);
		}
		const body = request.body ? Readable.fromWeb(request.body as never) : Readable.from([]);
		await pipeline(body, createWriteStream(path.join(holding, String(part)), { mode: 0o600 }));
		return Response.json(String(part));
	}

	private async finishUpload(request: Request): Promise<Response> {
		const { import: wanted, uploadToken, partTokens } = await readObject(request);
		const holding = this.uploadOf(uploadToken);
		if (!isJsonObject(wanted) || !Array.isArray(partTokens)) {
			throw bad('The request body needs "import", an object, and "partTokens", a list.');
		}
		const { tableName, componentPath } = wanted;
		const file = path.join(holding, 'whole');
		const importRequest: ImportRequest = {
			path: file,
			format: readFormat(wanted.format),
			mode: readMode(wanted.mode),
			table: typeof tableName === 'string' ? tableName : undefined,
			component: typeof componentPath === 'string' ? componentPath : undefined,
			filesFolder: this.folder.filesFolder,
		};
		const parts = partTokens.map(String);
		if (!parts.every((part) => /^\d{1,5}$/.test(part))) throw bad('A part token is not ours.');
		await pipeline(
			async function* () {
				for (const part of parts) yield* createReadStream(path.join(holding, part));
			},
			createWriteStream(file, { mode: 0o600 }),
		);
		this.uploads.delete(uploadToken as string);
		const importId = randomUUID();
		const { mode } = importRequest;
		const state: Import['state'] = { state: 'waiting_for_confirmation' };
		// Only what removes documents has to be asked about.
		if (mode === 'replace' || mode === 'replaceAll') {
			const which = mode === 'replace' ? 'the tables that are in the file' : 'all tables';
			state.message_to_confirm = `The documents of ${which} will be replaced.`;
			state.require_manual_confirmation = true;
		}
		this.imports.set(importId, { request: importRequest, holding, state });
		for (const [id, { state: kept, holding: old }] of this.imports) {
			if (this.imports.size <= MAX_KEPT) break;
			if (kept.state === 'in_progress') continue;
			this.imports.delete(id);
			await remove(old);
		}
		this.onChange();
		return Response.json({ importId });
	}

	private async perform(request: Request): Promise<Response> {
		const found = await this.waiting(request);
		this.become(found, { state: 'in_progress', progress_message: 'Importing' });
		void this.run(found);
		return new Response(null, { status: 200 });
	}

	private async cancel(request: Request): Promise<Response> {
		const found = await this.waiting(request);
		this.become(found, { state: 'failed', error_message: 'Import canceled' });
		await remove(found.holding);
		return new Response(null, { status: 200 });
	}

	/** Never rejects. */
	private async run(found: Import): Promise<void> {
		try {
			const { documents, files } = await this.functions.importFile(found.request);
			const written = toInt64(BigInt(documents + files));
			this.become(found, { state: 'completed', num_rows_written: written });
		} catch (error) {
			this.log('import.failed', { error: String(error) });
			this.become(found, { state: 'failed', error_message: (error as Error).message });
		}
		await remove(found.holding);
	}

	private become(found: Import, state: Import['state']): void {
		found.state = state;
		this.onChange();
	}

	private async waiting(request: Request): Promise<Import> {
		const { importId } = await readObject(request);
		const found = typeof importId === 'string' ? this.imports.get(importId) : undefined;
		if (found?.state.state === 'waiting_for_confirmation') return found;
		throw bad('There is no import of this "importId" that waits for a confirmation.');
	}

	private uploadOf(token: JsonValue | undefined): string {
		const holding = typeof token === 'string' ? this.uploads.get(token) : undefined;
		if (holding !== undefined) return holding;
		throw bad('There is no upload of this "uploadToken". Start it again.');
	}
}

async function readObject(request: Request): Promise<JsonObject> {
	const text = (await readBody(request, MAX_JSON_BYTES)).toString('utf8');
	try {
		const body = JSON.parse(text) as JsonValue;
		if (isJsonObject(body)) return body;
	} catch {
		// Said below.
	}
	throw new HttpFailure(400, 'BadJsonBody', 'The request body is not JSON. Send a JSON object.');
}

const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
const bad = (message: string) => new HttpFailure(400, 'BadRequest', message);
