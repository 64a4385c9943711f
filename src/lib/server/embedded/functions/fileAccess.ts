/** Uploads and downloads as the HTTP API needs them. */
import { digestOf } from './fileStore.ts';
import type { FunctionEngine } from './functionEngine.ts';
import type { FileAccess } from './runnerOptions.ts';
import { FunctionError } from '../types.ts';

export function createAccess(engine: FunctionEngine): FileAccess {
	const { files, options } = engine;
	return {
		async upload(token, bytes, contentType, sha256Base64) {
			const component = files.componentOfToken(token, options.clock.now());
			const staged = await files.stage(bytes, contentType, sha256Base64);
			const { value } = await engine.inMutation((transaction) =>
				files.adopt(transaction, component, staged),
			);
			return { storageId: value };
		},
		async open(fileId, component) {
			const id = files.idOfAddress(fileId, component);
			if (id === null) return null;
			return engine.onSnapshot(null, async (transaction) => {
				try {
					const found = files.find(transaction, component, id);
					if (!found) return null;
					return {
						path: files.pathOf(id),
						size: found.size,
						contentType: found.contentType ?? null,
						sha256Base64: digestOf(found).toString('base64'),
					};
				} catch (error) {
					if (error instanceof FunctionError) return null;
					throw error;
				}
			});
		},
	};
}
