/** A project as others have them, written to a folder of its own: their layouts, settings and packages. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import type { RunnerOptions } from '../../../src/lib/server/embedded/functions/functions.ts';
import { openRunner, type Opened } from '../functions/support.ts';

const OWN_PACKAGES = path.join(import.meta.dirname, '../../../node_modules');

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** @param files path -> content. `convex` and `react` are installed, as links, like a monorepo's packages. */
export function writeProject(files: Record<string, string | Uint8Array>): string {
	const root = mkdtempSync(path.join(tmpdir(), 'foreign-'));
	cleanups.push(() => rmSync(root, { recursive: true, force: true }));
	mkdirSync(path.join(root, 'node_modules'));
	for (const name of ['convex', 'react']) {
		symlinkSync(path.join(OWN_PACKAGES, name), path.join(root, 'node_modules', name), 'junction');
	}
	for (const [file, content] of Object.entries(files)) {
		const at = path.join(root, file);
		mkdirSync(path.dirname(at), { recursive: true });
		writeFileSync(at, content);
	}
	return root;
}

/** @throws PushError */
export async function pushProject(
	files: Record<string, string | Uint8Array>,
	options: Partial<RunnerOptions> & { functions?: string } = {},
): Promise<Opened> {
	const { functions = 'convex', ...runnerOptions } = options;
	const folder = path.join(writeProject(files), functions);
	const app = await openRunner('', { folder, showErrors: true, ...runnerOptions });
	cleanups.push(() => app.close());
	return app;
}
