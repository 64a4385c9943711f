/** How much an HTTP action may answer. */
import { FunctionError } from '../types.ts';

/** Convex docs, "Limits", "Functions". */
const MAX_RESPONSE_BYTES = 20 * 1024 * 1024;

/**
 * The same response, whose body fails beyond the limit. It may be streaming: the part before has been sent by then.
 *
 * @param onExceeded told once, with what the body fails with
 */
export function limitResponse(
	response: Response,
	onExceeded: (error: FunctionError) => void,
): Response {
	if (!response.body) return response;
	let bytes = 0;
	const counter = new TransformStream<Uint8Array, Uint8Array>({
		transform(chunk, controller) {
			bytes += chunk.byteLength;
			if (bytes <= MAX_RESPONSE_BYTES) return controller.enqueue(chunk);
			const error = new FunctionError(
				'HttpResponseTooLarge',
				`HTTP actions support responses up to ${MAX_RESPONSE_BYTES / 1024 / 1024} MiB. Store larger ones as a file and answer ` +
					'with its URL.',
			);
			onExceeded(error);
			controller.error(error);
		},
	});
	const { status, statusText, headers } = response;
	return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
}
