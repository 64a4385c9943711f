/** Operations on documents. In the database of the function's own component only. */
import type { Execution, FunctionTransaction } from './execution.ts';
import {
	JsonText,
	type AsyncOperation,
	type OperationArgs,
	type OperationResult,
	type SyncOperation,
} from './operation.ts';
import { FunctionError, type JsonValue, type PageRequest, type QueryJson } from '../types.ts';

type Work = (
	transaction: FunctionTransaction,
	execution: Execution,
	args: OperationArgs,
) => OperationResult;

/** Waits while a nested call of the same function runs: its writes may yet be rolled back. */
function inTurn(place: 'transaction' | 'mutation', work: Work): AsyncOperation {
	return {
		place,
		run: (execution, args) =>
			execution.queue.now(() => {
				if (execution.isOver) throw ended(execution);
				return work(execution.transaction!, execution, args);
			}),
	};
}

function ended(execution: Execution): FunctionError {
	return new FunctionError('FunctionEnded', `${execution.path} has already ended.`);
}

const optionalText = (value: JsonValue | undefined): string | undefined =>
	typeof value === 'string' ? value : undefined;

export const databaseSyncOperations: Record<string, SyncOperation> = {
	'1.0/queryStream': {
		place: 'transaction',
		run: ({ transaction, component }, { query }) => ({
			queryId: transaction!.session.openStream(component, query as unknown as QueryJson),
		}),
	},
	'1.0/queryCleanup': {
		place: 'transaction',
		run: ({ transaction }, { queryId }) => transaction!.session.closeStream(queryId as number),
	},
	'1.0/db/normalizeId': {
		place: 'transaction',
		run: ({ transaction, component }, { table, idString }) => ({
			id: transaction!.session.normalizeId(component, table as string, idString as string),
		}),
	},
};

export const databaseOperations: Record<string, AsyncOperation> = {
	'1.0/get': inTurn('transaction', ({ session }, { component }, { id, table, isSystem }) =>
		session.get(component, id as string, {
			...(typeof table === 'string' ? { table } : {}),
			isSystem: isSystem === true,
		}),
	),
	'1.0/queryStreamNext': inTurn(
		'transaction',
		({ session }, _execution, { queryId }) => new JsonText(session.nextJson(queryId as number)),
	),
	'1.0/queryPage': inTurn('transaction', readPage),
	'1.0/count': inTurn('transaction', ({ session }, { component }, { table }) =>
		session.count(component, table as string),
	),
	'1.0/insert': inTurn('mutation', ({ session }, { component }, { table, value }) => ({
		_id: session.insert(component, table as string, value!),
	})),
	'1.0/shallowMerge': inTurn('mutation', ({ session }, { component }, { id, value, table }) =>
		session.patch(component, id as string, value!, optionalText(table)),
	),
	'1.0/replace': inTurn('mutation', ({ session }, { component }, { id, value, table }) =>
		session.replace(component, id as string, value!, optionalText(table)),
	),
	'1.0/remove': inTurn('mutation', ({ session }, { component }, { id, table }) =>
		session.remove(component, id as string, optionalText(table)),
	),
};

function readPage(
	transaction: FunctionTransaction,
	execution: Execution,
	args: OperationArgs,
): JsonValue {
	if (execution.component !== '') {
		throw new FunctionError(
			'PaginationUnsupportedInComponents',
			'paginate() is only supported in the app. In a component use `paginator` of convex-helpers.',
		);
	}
	if (execution.hasPaginated) {
		throw new FunctionError(
			'MultiplePages',
			'This query or mutation function ran multiple paginated queries. Convex only supports a single paginated ' +
				'query in each function.',
		);
	}
	execution.hasPaginated = true;
	// Only the top function's page belongs to the subscription that keeps the journal.
	const journal = execution.depth === 0 ? transaction.journal : null;
	const endCursor = optionalText(args.endCursor) ?? journal?.pinned ?? null;
	const result = transaction.session.page(execution.component, {
		query: args.query as unknown as PageRequest['query'],
		cursor: optionalText(args.cursor) ?? null,
		endCursor,
		pageSize: args.pageSize as number,
		...(typeof args.maximumRowsRead === 'number' ? { maximumRowsRead: args.maximumRowsRead } : {}),
		...(typeof args.maximumBytesRead === 'number'
			? { maximumBytesRead: args.maximumBytesRead }
			: {}),
	});
	if (journal) journal.produced = result.continueCursor;
	return { ...result };
}
