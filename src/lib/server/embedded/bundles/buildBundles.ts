/** Bundles an app and its components. Loaded only when that is needed: nothing else in this room needs esbuild. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleFolder, type BundledModule } from './bundle.ts';
import type { ExternalPackage } from './externalPackages.ts';
import { collectInputs, type BundleInputs } from './bundleInputs.ts';
import { readDefinitions, type ComponentDefinition } from './definitions.ts';
import { importFile } from '../functions/nativeImport.ts';
import { PushError } from './pushError.ts';

export interface BuiltDefinition extends ComponentDefinition {
	modules: BundledModule[];
	/** Relative path -> text. */
	files: Map<string, string>;
	externals: ExternalPackage[];
}

/**
 * @param folder absolute; of the app
 * @param scratch where the bundled `convex.config` files may be written, to be imported
 * @throws PushError
 */
export async function buildBundles(
	folder: string,
	scratch: string,
): Promise<{ definitions: BuiltDefinition[]; inputs: BundleInputs }> {
	const { definitions, inputs } = await readDefinitions(folder, configEvaluator(scratch));
	// The app first.
	const folders = [...new Set([folder, ...definitions.keys()])];
	const built = await Promise.all(
		folders.map(async (at) => {
			const definition = definitions.get(at)!;
			const bundle = await bundleFolder(at, at === folder);
			for (const input of bundle.inputs) inputs.add(input);
			const { modules, files, externals } = bundle;
			return { ...definition, modules, files, externals };
		}),
	);
	return { definitions: built, inputs: collectInputs(folders, inputs) };
}

function configEvaluator(scratch: string) {
	let count = 0;
	return async (source: string, folder: string) => {
		const file = path.join(scratch, `definition${count++}.js`);
		writeFileSync(file, source);
		try {
			return await importFile(file);
		} catch (error) {
			const why = error instanceof Error ? error.message : String(error);
			throw new PushError('InvalidComponent', 'convex.config', `${path.basename(folder)}: ${why}`);
		}
	};
}
