/** /api/storage/*: uploads by one-time URL, downloads by unguessable id. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { DISK_CODES } from '../storage/diskFailure.ts';
import { HttpFailure, readBody } from './httpMessages.ts';
import type { FileAccess } from '../functions/runnerOptions.ts';
import { FunctionError } from '../types.ts';

const UPLOAD_PATH = '/api/storage/upload';
const FILES_PREFIX = '/api/storage/';
/** As real deployments: the id in the URL is the permission, so only the asking browser may keep a copy. */
const CACHE_CONTROL = 'private, max-age=2592000';
/** Files come from users and are served under the app's own origin: they must not run as pages of it. */
const CONTENT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'";

/** @throws HttpFailure */
export async function respondToFiles(
	request: Request,
	url: URL,
	files: FileAccess,
	maxBytes: number,
): Promise<Response> {
	if (url.pathname === UPLOAD_PATH) {
		if (request.method !== 'POST') throw methodNotAllowed(request.method);
		return upload(request, url.searchParams.get('token') ?? '', files, maxBytes);
	}
	if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request.method);
	const id = decodeSegment(url.pathname.slice(FILES_PREFIX.length));
	const file = await files.open(id, url.searchParams.get('component') ?? '');
	if (!file) throw new HttpFailure(404, 'FileNotFound', 'There is no such file.');
	const headers = new Headers({
		'accept-ranges': 'bytes',
		'cache-control': CACHE_CONTROL,
		'content-security-policy': CONTENT_POLICY,
		'content-type': file.contentType ?? 'application/octet-stream',
		digest: `sha-256=${file.sha256Base64}`,
		'x-content-type-options': 'nosniff',
	});
	const range = parseRange(request.headers.get('range'), file.size);
	if (range === 'unsatisfiable') {
		return new Response(null, {
			status: 416,
			headers: { 'content-range': `bytes */${file.size}` },
		});
	}
	const { start, end } = range ?? { start: 0, end: file.size - 1 };
	headers.set('content-length', String(end - start + 1));
	if (range) headers.set('content-range', `bytes ${start}-${end}/${file.size}`);
	const isEmpty = request.method === 'HEAD' || file.size === 0;
	const body = isEmpty
		? null
		: (Readable.toWeb(createReadStream(file.path, { start, end })) as ReadableStream);
	return new Response(body, { status: range ? 206 : 200, headers });
}

async function upload(
	request: Request,
	token: string,
	files: FileAccess,
	maxBytes: number,
): Promise<Response> {
	const bytes = await readBody(request, maxBytes);
	const digest = /^sha-256=([A-Za-z0-9+/=]+)$/i.exec(request.headers.get('digest') ?? '');
	try {
		const contentType = request.headers.get('content-type');
		return Response.json(await files.upload(token, bytes, contentType, digest?.[1] ?? null));
	} catch (error) {
		if (!(error instanceof FunctionError)) throw error;
		if (DISK_CODES.has(error.code)) throw new HttpFailure(503, error.code, error.message);
		const status = error.code.startsWith('StorageToken') ? 401 : 400;
		throw new HttpFailure(status, error.code, error.message);
	}
}

/** One range of RFC 9110, section 14.2; several ranges or another unit: the whole file. */
function parseRange(
	header: string | null,
	size: number,
): { start: number; end: number } | 'unsatisfiable' | null {
	const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
	// Of an empty file there is no part to give: all of it, as real deployments do.
	if (!match || size === 0 || (match[1] === '' && match[2] === '')) return null;
	const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
	const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
	return start > end || start >= size ? 'unsatisfiable' : { start, end };
}

function decodeSegment(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		throw new HttpFailure(404, 'FileNotFound', 'There is no such file.');
	}
}

function methodNotAllowed(method: string): HttpFailure {
	return new HttpFailure(405, 'MethodNotAllowed', `${method} is not supported here.`);
}
