/** What the edges may ask of the engine's thread, by name. */
import type { Caller, FunctionCall, QueryOutcome } from '../types.ts';
import { bytesToKey } from '../storage/valueKeys.ts';
import type { CallNumbers } from './callNumbers.ts';
import type { OpenEngine } from './engineHost.ts';
import { packResponse, unpackRequest, type MessageParts } from './httpParts.ts';

export type PackedQueryOutcome = Omit<QueryOutcome, 'readSet'> & {
	readSet: { indexId: number; start: string; end: string }[];
};

type Method = (first: number, args: unknown[]) => unknown;

/** @param callSession see `EngineStart` */
export function engineMethods(
	{ functions, storage }: OpenEngine,
	numbers: CallNumbers,
	callSession: string,
): (name: string) => Method {
	const own: Record<string, Method> = {
		runQueries(first, [given]) {
			const calls = given as FunctionCall[];
			const requestIds = calls.map(({ requestId }) => requestId);
			return numbers.during(first, requestIds, async (ids) => {
				const numbered = calls.map((call, index) => ({ ...call, requestId: ids[index] }));
				return (await functions.runQueries(numbered)).map(packOutcome);
			});
		},
		runMutation(first, [given]) {
			const call = given as Parameters<typeof functions.runMutation>[0];
			// A call without a session gets one: should this thread be replaced, it can be asked again without running twice.
			const session = call.session ?? { sessionId: callSession, requestId: first };
			return numbers.during(first, [call.requestId], ([requestId]) =>
				functions.runMutation({ ...call, requestId, session }),
			);
		},
		runAction(first, [given]) {
			const call = given as FunctionCall;
			return numbers.during(first, [call.requestId], ([requestId]) =>
				functions.runAction({ ...call, requestId }),
			);
		},
		runHttpAction: (first, [request, caller]) =>
			numbers.during(first, [undefined], async ([requestId]) =>
				packResponse(
					await functions.runHttpAction(
						unpackRequest(request as MessageParts),
						caller as Caller,
						requestId,
					),
				),
			),
		'files.upload': (_first, args) =>
			functions.files.upload(...(args as Parameters<typeof functions.files.upload>)),
		'files.open': (_first, args) =>
			functions.files.open(...(args as Parameters<typeof functions.files.open>)),
		async close() {
			await functions.stop();
			await storage.close();
		},
	};
	return (name) => {
		if (Object.hasOwn(own, name)) return own[name]!;
		// The others take and give plain data.
		const method = functions[name as keyof typeof functions];
		if (typeof method !== 'function') throw new Error(`The engine has no method ${name}.`);
		return (_first, args) => (method as (...args: unknown[]) => unknown)(...args);
	};
}

function packOutcome({ readSet, ...outcome }: QueryOutcome): PackedQueryOutcome {
	return {
		...outcome,
		readSet: readSet.map(({ indexId, start, end }) => ({
			indexId,
			start: bytesToKey(start),
			end: bytesToKey(end),
		})),
	};
}
