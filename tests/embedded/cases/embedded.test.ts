import { ConvexError, convexToJson, jsonToConvex, type Value } from 'convex/values';
import { afterEach, describe, it } from 'vitest';
import type { FunctionOutcome, JsonValue } from '../../../src/lib/server/embedded/types.ts';
import { anonymous, ManualClock, openRunner, SITE_URL, type Opened } from '../functions/support.ts';
import type { Backend } from './backend.ts';
import { groups } from './index.ts';

let app: Opened | null = null;
afterEach(async () => {
	await app?.close();
	app = null;
});

async function open(): Promise<Backend> {
	const clock = new ManualClock();
	const opened = (app = await openRunner('cases', { clock, showErrors: true }));
	await opened.runner.startScheduler();
	const toJson = (args: Record<string, Value>) => convexToJson(args) as JsonValue;
	return {
		query: async (path, args = {}) => result((await opened.query(path, toJson(args))).outcome),
		mutation: async (path, args = {}) => result(await opened.mutate(path, toJson(args))),
		action: async (path, args = {}) => result(await opened.act(path, toJson(args))),
		fetch: (path, init) =>
			opened.runner.runHttpAction(new Request(SITE_URL + path, init), anonymous),
		runScheduled: () => clock.advance(2_000),
	};
}

/** As the official clients hand it on. */
function result(outcome: FunctionOutcome): Value {
	if (outcome.ok) return jsonToConvex(outcome.value);
	const { message, data } = outcome.failure;
	if (data === undefined) throw new Error(message);
	const error = new ConvexError<Value>(message);
	error.data = jsonToConvex(data);
	throw error;
}

for (const [group, cases] of Object.entries(groups)) {
	describe(`embedded: ${group}`, () => {
		for (const { name, skip, run } of cases) {
			it.skipIf(skip?.embedded)(name, async () => run(await open()));
		}
	});
}
