/** Runs the functions of a convex folder: the one implementation of `FunctionRunner`. */
import type { EmbeddedFunctions, RunnerOptions } from './runnerOptions.ts';

export type { EmbeddedFunctions, FileAccess, PushReport, RunnerOptions } from './runnerOptions.ts';

/** Does the first push. @throws PushError when the folder does not load */
export async function createFunctionRunner(options: RunnerOptions): Promise<EmbeddedFunctions> {
	throw new Error(`not yet able to load ${options.folder}`);
}
