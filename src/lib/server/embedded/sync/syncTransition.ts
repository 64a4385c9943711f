/** The JSON of a Transition, spliced from results that were serialised once, and its split into chunks. */
import type { CachedResult } from './cachedResult.ts';
import { encodeTs } from './syncMessages.ts';
import type { Timestamp } from '../types.ts';

export interface StateVersion {
	querySet: number;
	identity: number;
	ts: Timestamp;
}

/** Above this many bytes the real backend splits a Transition; clients join the pieces again. */
export const MAX_MESSAGE_BYTES = 5_000_000;
/** UTF-8 needs at most 3 bytes per UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

function versionJson(version: StateVersion): string {
	return `{"querySet":${version.querySet},"identity":${version.identity},"ts":"${encodeTs(version.ts)}"}`;
}

/** `errorData` is left out when there is none: its presence alone makes a ConvexError of the failure. */
export function resultJson(queryId: number, result: CachedResult): string {
	const tail = `"logLines":${result.logLinesJson},"journal":${JSON.stringify(result.journal)}}`;
	if (result.ok) {
		return `{"type":"QueryUpdated","queryId":${queryId},"value":${result.json},${tail}`;
	}
	const data = result.json === null ? '' : `"errorData":${result.json},`;
	const message = JSON.stringify(result.message);
	return `{"type":"QueryFailed","queryId":${queryId},"errorMessage":${message},${data}${tail}`;
}

export function removedJson(queryId: number): string {
	return `{"type":"QueryRemoved","queryId":${queryId}}`;
}

/**
 * @param modifications JSON texts.
 * @param clientClockSkewMs client clock minus ours at Connect; null when it did not say.
 * @param nowMs for the client's measure of transit time.
 */
export function transitionJson(
	start: StateVersion,
	end: StateVersion,
	modifications: readonly string[],
	clientClockSkewMs: number | null,
	nowMs: number,
): string {
	const skew = clientClockSkewMs === null ? '' : `"clientClockSkew":${clientClockSkewMs},`;
	return (
		`{"type":"Transition","startVersion":${versionJson(start)},"endVersion":${versionJson(end)},` +
		`"modifications":[${modifications.join(',')}],${skew}"serverTs":${nowMs * 1_000_000}}`
	);
}

/** One message, or the TransitionChunks that make it up; they must be sent with nothing between them. */
export function splitTransition(json: string, transitionId: string): string[] {
	const bytes = Buffer.byteLength(json);
	if (bytes <= MAX_MESSAGE_BYTES) return [json];
	const step =
		bytes === json.length ? MAX_MESSAGE_BYTES : Math.floor(MAX_MESSAGE_BYTES / MAX_BYTES_PER_UNIT);
	const totalParts = Math.ceil(json.length / step);
	return Array.from({ length: totalParts }, (_, partNumber) =>
		JSON.stringify({
			type: 'TransitionChunk',
			// A pair of surrogates may be cut in two; JSON escapes the halves and joining mends them.
			chunk: json.slice(partNumber * step, (partNumber + 1) * step),
			partNumber,
			totalParts,
			transitionId,
		}),
	);
}
