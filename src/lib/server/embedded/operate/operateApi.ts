/** What looks after a deployment while it serves: export, import and backup for administrators, as whole files. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { requireAdmin, type AdminApi } from '../admin/adminApi.ts';
import { HttpFailure } from '../edges/httpMessages.ts';
import type { EmbeddedFunctions } from '../functions/runnerOptions.ts';
import { FunctionError } from '../types.ts';
import { HOLD_PREFIX, type DataFolder } from './dataFolder.ts';
import type { OfficialExport } from './officialExport.ts';
import type { OfficialImport } from './officialImport.ts';
import { readFormat, readMode } from './officialStates.ts';

/** Loaded when they are needed: a start waits for neither. */
const loadExport = () => import('./exportFolder.ts');
const loadBackup = () => import('./backup.ts');

export interface OperateApiOptions {
	folder: DataFolder;
	functions: Pick<EmbeddedFunctions, 'importFile'>;
	/** The same for `npx convex export` and `import`. */
	official: readonly (OfficialExport | OfficialImport)[];
}

/** The nanosecond timestamp of the state that the answer holds, in decimal. */
const TS_HEADER = 'x-snapshot-ts';
type Endpoint = (request: Request, url: URL, options: OperateApiOptions) => Promise<Response>;

const ENDPOINTS: Record<string, Endpoint> = {
	'/api/operate/export': (_request, url, { folder }) =>
		sendWhole(folder, async (target) =>
			(await loadExport()).exportToFile(
				folder,
				target,
				url.searchParams.get('includeStorage') === 'true',
			),
		),
	'/api/operate/backup': (_request, _url, { folder }) =>
		sendWhole(folder, async (target) => (await loadBackup()).backupToFile(folder, target)),
	'/api/operate/import': receiveImport,
};

/** `others`: the administrators' endpoints that are no business of this file. */
export function withOperateApi(options: OperateApiOptions, others: AdminApi): AdminApi {
	return {
		takes: (pathname) =>
			Object.hasOwn(ENDPOINTS, pathname) ||
			options.official.some((api) => api.takes(pathname)) ||
			others.takes(pathname),
		async respond(request, url, caller) {
			const official = options.official.find((api) => api.takes(url.pathname));
			const endpoint = Object.hasOwn(ENDPOINTS, url.pathname) ? ENDPOINTS[url.pathname]! : null;
			if (!official && !endpoint) return others.respond(request, url, caller);
			requireAdmin(caller);
			if (official) return official.respond(request, url);
			if (request.method !== 'POST') {
				throw new HttpFailure(405, 'MethodNotAllowed', `Use POST for ${url.pathname}.`);
			}
			try {
				return await endpoint!(request, url, options);
			} catch (error) {
				if (error instanceof FunctionError) throw new HttpFailure(400, error.code, error.message);
				throw error;
			}
		},
	};
}

/** Written to the end before the first byte goes out: a slow reader holds up nothing, a failure is told as one. */
async function sendWhole(
	folder: DataFolder,
	write: (target: string) => Promise<{ ts: string }>,
): Promise<Response> {
	const holding = await mkdtemp(path.join(folder.folder, HOLD_PREFIX));
	const remove = () => rm(holding, { recursive: true, force: true });
	try {
		const target = path.join(holding, 'whole.zip');
		const { ts } = await write(target);
		const { size } = await stat(target);
		const stream = createReadStream(target);
		stream.once('close', () => void remove());
		return new Response(Readable.toWeb(stream) as unknown as ReadableStream, {
			headers: {
				'content-type': 'application/zip',
				'content-length': String(size),
				[TS_HEADER]: ts,
			},
		});
	} catch (error) {
		await remove();
		throw error;
	}
}

async function receiveImport(
	request: Request,
	{ searchParams }: URL,
	{ folder, functions }: OperateApiOptions,
): Promise<Response> {
	const format = readFormat(searchParams.get('format') ?? '');
	const mode = readMode(searchParams.get('mode') ?? 'requireEmpty');
	const holding = await mkdtemp(path.join(folder.folder, HOLD_PREFIX));
	try {
		const file = path.join(holding, 'upload');
		const body = request.body ? Readable.fromWeb(request.body as never) : Readable.from([]);
		await pipeline(body, createWriteStream(file, { mode: 0o600 }));
		const result = await functions.importFile({
			path: file,
			format,
			mode,
			table: searchParams.get('table') ?? undefined,
			component: searchParams.get('component') ?? undefined,
			filesFolder: folder.filesFolder,
		});
		return Response.json(result);
	} finally {
		await rm(holding, { recursive: true, force: true });
	}
}
