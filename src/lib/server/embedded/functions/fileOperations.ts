/** `ctx.storage`: upload addresses, metadata, and whole files in mutations and actions. */
import type { Execution } from './execution.ts';
import { digestOf } from './fileStore.ts';
import { decodeId } from '../storage/ids.ts';
import type { AsyncOperation, BlobOperation, OperationArgs } from './operation.ts';
import { FunctionError, type JsonValue } from '../types.ts';

export const fileOperations: Record<string, AsyncOperation> = {
	'1.0/storageGenerateUploadUrl': {
		place: 'notQuery',
		run: ({ engine, component }) => engine.files.uploadUrl(component, engine.options.clock.now()),
	},
	'1.0/storageGetUrl': {
		place: 'anywhere',
		run: (execution, { storageId }) =>
			execution.engine.read(execution, (transaction) => {
				const { engine, component } = execution;
				const id = checkId(storageId, 'getUrl');
				return engine.files.find(transaction, component, id)
					? engine.files.url(component, id)
					: null;
			}),
	},
	'1.0/storageGetMetadata': {
		place: 'anywhere',
		run: (execution, { storageId }) =>
			execution.engine.read(execution, (transaction): JsonValue => {
				const id = checkId(storageId, 'getMetadata');
				const found = execution.engine.files.find(transaction, execution.component, id);
				if (!found) return null;
				const { size, contentType = null } = found;
				return { storageId: id, sha256: digestOf(found).toString('hex'), size, contentType };
			}),
	},
	'1.0/storageDelete': {
		place: 'notQuery',
		run: (execution, { storageId }) =>
			execution.engine.write(execution, (transaction) => {
				execution.engine.files.remove(
					transaction,
					execution.component,
					checkId(storageId, 'delete'),
				);
			}),
	},
	'1.0/storageStore': {
		place: 'mutation',
		run: (execution, { blob, contentType, sha256 }: OperationArgs) =>
			store(execution, Buffer.from(blob as string, 'base64'), contentType, sha256),
	},
	'1.0/storageGet': {
		place: 'mutation',
		run: async (execution, { storageId }) => {
			const found = await load(execution, storageId);
			return found && { blob: found.bytes.toString('base64'), contentType: found.contentType };
		},
	},
};

export const blobOperations: Record<string, BlobOperation> = {
	'storage/storeBlob': {
		place: 'action',
		run: async (execution, { blob, options }) => {
			if (!(blob instanceof Blob)) {
				throw new FunctionError(
					'NotABlob',
					'store() expects a Blob. `await request.blob()` makes one of a Request.',
				);
			}
			const bytes = new Uint8Array(await blob.arrayBuffer());
			return store(
				execution,
				bytes,
				blob.type,
				(options as { sha256?: string } | undefined)?.sha256,
			);
		},
	},
	'storage/getBlob': {
		place: 'action',
		run: async (execution, { storageId }) => {
			const found = await load(execution, storageId);
			return found && new Blob([new Uint8Array(found.bytes)], { type: found.contentType ?? '' });
		},
	},
};

async function store(
	execution: Execution,
	bytes: Uint8Array,
	contentType: unknown,
	sha256: unknown,
): Promise<string> {
	const { files } = execution.engine;
	const staged = await files.stage(
		bytes,
		typeof contentType === 'string' ? contentType : null,
		typeof sha256 === 'string' ? sha256 : null,
	);
	return execution.engine.write(execution, (transaction) => {
		transaction.session.meter.storeFile(bytes.byteLength);
		return files.adopt(transaction, execution.component, staged);
	});
}

async function load(
	execution: Execution,
	storageId: unknown,
): Promise<{ bytes: Buffer; contentType: string | null } | null> {
	const { files } = execution.engine;
	const found = await execution.engine.read(execution, (transaction) => {
		const file = files.find(transaction, execution.component, checkId(storageId, 'get'));
		if (file) transaction.session.meter.readFile(file.size);
		return file;
	});
	return found && { bytes: await files.read(found._id), contentType: found.contentType ?? null };
}

/** @param method of `ctx.storage`. In Convex's words; what was given instead of an id is not quoted, it may be a secret. */
function checkId(id: unknown, method: string): string {
	if (typeof id === 'string' && decodeId(id)) return id;
	throw new FunctionError(
		'InvalidId',
		`Invalid argument \`storageId\` for \`storage.${method}\`: Unable to decode ID`,
	);
}
