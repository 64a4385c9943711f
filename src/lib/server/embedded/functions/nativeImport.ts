import { pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';

type ImportUrl = (url: string) => Promise<Record<string, unknown>>;

/**
 * Written so that no tool rewrites it: bundlers and test runners replace `import()` by a loader of their own, which
 * would transform the bundles and keep them in its module graph.
 */
const importUrl = new Function('url', 'return import(url)') as ImportUrl;

let importFromScript: ImportUrl | null = null;

export async function importFile(file: string): Promise<Record<string, unknown>> {
	const { href } = pathToFileURL(file);
	try {
		return await importUrl(href);
	} catch (error) {
		const { code } = error as { code?: unknown };
		if (code !== 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING') throw error;
		// This module itself was evaluated by a test runner's `vm`, without an import of its own.
		importFromScript ??= new Script('(url) => import(url)', {
			importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
		}).runInThisContext() as ImportUrl;
		return importFromScript(href);
	}
}
