import type { BaseIntegration } from './baseIntegration.ts';
import { createConnectionContext, type ConnectionEnvironment } from './context.ts';
import { toPlain, type PlainError } from './errors.ts';
import type { Json } from './json.ts';
import type { TestConnectionResult } from './sync.ts';
import { parseInput, type ParsedInput } from './validate.ts';

/** How a connection test ended. `input` is what may be sealed and stored after a success. */
export type TestOutcome =
	| {
			ok: true;
			result: TestConnectionResult;
			input: ParsedInput;
			calls: number;
			durationMs: number;
	  }
	| { ok: false; failure: PlainError };

/** Tests what a form holds. Never throws: a test that fails is an answer too. */
export type IntegrationTester = (
	form: { authId: string; values: Record<string, Json | undefined> },
	environment: ConnectionEnvironment,
) => Promise<TestOutcome>;

/** Derives the tester of an integration: input first, and no request unless it is complete. */
export function testerOf(integration: BaseIntegration): IntegrationTester {
	return async ({ authId, values }, environment) => {
		let calls = 0;
		const startedAt = environment.clock.now();
		try {
			const input = parseInput(integration, authId, values);
			const ctx = createConnectionContext(integration, input, {
				...environment,
				onRequest: (report) => {
					calls += 1;
					environment.onRequest?.(report);
				},
			});
			const result = await integration.testConnection(ctx);
			const durationMs = environment.clock.now() - startedAt;
			return { ok: true, result, input, calls, durationMs };
		} catch (error) {
			return { ok: false, failure: toPlain(error) };
		}
	};
}
