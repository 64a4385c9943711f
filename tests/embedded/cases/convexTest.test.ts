/// <reference types="vite/client" />
import { makeFunctionReference } from 'convex/server';
import { convexTest } from 'convex-test';
import { describe, it, vi } from 'vitest';
import schema from '../fixtures/cases/convex/schema.ts';
import type { Backend } from './backend.ts';
import { groups } from './index.ts';

const modules = {
	...import.meta.glob('../fixtures/cases/convex/*.ts'),
	// convex-test finds the folder's root by this name.
	'../fixtures/cases/convex/_generated/api.js': async () => ({}),
};

function open(): Backend {
	const t = convexTest({ schema, modules });
	return {
		query: (path, args = {}) => t.query(makeFunctionReference<'query'>(path), args),
		mutation: (path, args = {}) => t.mutation(makeFunctionReference<'mutation'>(path), args),
		action: (path, args = {}) => t.action(makeFunctionReference<'action'>(path), args),
		fetch: (path, init) => t.fetch(path, init),
		runScheduled: () => t.finishAllScheduledFunctions(() => vi.advanceTimersByTime(2_000)),
	};
}

for (const [group, cases] of Object.entries(groups)) {
	describe(`convex-test: ${group}`, () => {
		for (const { name, skip, run } of cases) {
			it.skipIf(skip?.convexTest)(name, async () => {
				vi.useFakeTimers();
				try {
					await run(open());
				} finally {
					vi.useRealTimers();
				}
			});
		}
	});
}
