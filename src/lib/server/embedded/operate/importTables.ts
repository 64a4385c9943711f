/** Which tables an import fills, clears and renumbers, and what it refuses: decided before the first document. */
import { findTable, isSystemTable, type TableInfo } from '../storage/catalog.ts';
import { checkTableName } from '../storage/documentWrites.ts';
import { isJsonObject } from '../storage/jsonValues.ts';
import { type ComponentPath, FunctionError, type JsonValue } from '../types.ts';
import type { BulkSession } from './bulkSession.ts';

/** As `npx convex import` names them; 'requireEmpty' is its default. */
export type ImportMode = 'requireEmpty' | 'append' | 'replace' | 'replaceAll';

export interface WantedTable {
	component: ComponentPath;
	name: string;
	idNumber: number | null;
}

export interface PreparedTables {
	/** In the order wanted. */
	tables: TableInfo[];
	/** Documents that went by table, as `component/name`. */
	removed: Record<string, number>;
}

/** Real deployments count from 10001 for users' tables and stay far below this; ids stay as short as ours. */
const MAX_ID_NUMBER = 1_000_000;

export function tableLabel({ component, name }: { component: string; name: string }): string {
	return component === '' ? name : `${component}/${name}`;
}

/**
 * Makes, clears and renumbers. A table takes the number its imported ids were made with; another one that has that number
 * gives it up if it is empty. Throws FunctionError 'InvalidImport', 'TableNotEmpty' or 'ImportConflict'.
 */
export async function prepareTables(
	session: BulkSession,
	wanted: readonly WantedTable[],
	mode: ImportMode,
): Promise<PreparedTables> {
	for (const table of wanted) checkWanted(table);
	const removed: Record<string, number> = {};
	const clear = async (table: TableInfo) => {
		const count = await session.clear(table);
		if (count > 0) removed[tableLabel(table)] = count;
	};
	const existing = wanted.map(({ component, name }) => findTable(session.catalog, component, name));
	if (mode === 'requireEmpty') refuseFilled(session, existing);
	if (mode === 'replace' || mode === 'replaceAll') {
		for (const table of existing) if (table) await clear(table);
	}
	if (mode === 'replaceAll') {
		const keepsFiles = !wanted.some(({ name }) => isSystemTable(name));
		for (const table of session.catalog.tables.values()) {
			const isFiles = table.name === '_storage' && !keepsFiles;
			if (!existing.includes(table) && (!isSystemTable(table.name) || isFiles)) await clear(table);
		}
	}
	renumber(session, wanted);
	const tables = wanted.map(
		({ component, name, idNumber }) =>
			findTable(session.catalog, component, name) ?? session.addTable(component, name, idNumber),
	);
	refuseBrokenReferences(session, existing, tables);
	return { tables, removed };
}

function checkWanted({ component, name, idNumber }: WantedTable): void {
	checkTableName(name, name === '_storage');
	if (idNumber !== null && (idNumber < 1 || idNumber > MAX_ID_NUMBER)) {
		throw new FunctionError(
			'InvalidImport',
			`Table "${tableLabel({ component, name })}" has the number ${idNumber}; numbers go from 1 to ${MAX_ID_NUMBER}.`,
		);
	}
}

function refuseFilled(session: BulkSession, existing: readonly (TableInfo | null)[]): void {
	const filled = existing.filter((table) => table !== null && !session.isEmpty(table));
	if (filled.length === 0) return;
	throw new FunctionError(
		'TableNotEmpty',
		`These tables have documents already: ${filled.map((table) => tableLabel(table!)).join(', ')}. Import with --append to ` +
			'add to them, with --replace to replace what they hold, or with --replace-all to replace everything. Nothing was changed.',
	);
}

function renumber(session: BulkSession, wanted: readonly WantedTable[]): void {
	const changes = new Map<TableInfo, number>();
	const taken = new Map<string, string>();
	for (const { component, name, idNumber } of wanted) {
		if (idNumber === null) continue;
		const label = tableLabel({ component, name });
		const other = taken.get(`${component}\0${idNumber}`);
		if (other) throw conflict(label, other, idNumber);
		taken.set(`${component}\0${idNumber}`, label);
		const table = findTable(session.catalog, component, name);
		if (table && table.idNumber !== idNumber) {
			if (!session.isEmpty(table)) {
				throw new FunctionError(
					'ImportConflict',
					`The IDs to import into table "${label}" were made with the table number ${idNumber}, but the table has documents ` +
						`with IDs of number ${table.idNumber}. Import with --replace, or remove the "_id" fields. Nothing was changed.`,
				);
			}
			changes.set(table, idNumber);
		}
	}
	let next = session.catalog.nextTableNumber;
	for (const { component, idNumber } of wanted) {
		if (idNumber === null) continue;
		const holder = session.catalog.byIdNumber.get(component)?.get(idNumber);
		const isWanted =
			holder && wanted.some((w) => w.component === component && w.name === holder.name);
		if (!holder || changes.has(holder)) continue;
		const claimant = taken.get(`${component}\0${idNumber}`)!;
		if (claimant === tableLabel(holder)) continue;
		if (!session.isEmpty(holder)) throw conflict(claimant, tableLabel(holder), idNumber);
		while ([...taken.keys()].some((key) => key.endsWith(`\0${next}`))) next += 1;
		changes.set(holder, next);
		if (isWanted) taken.set(`${component}\0${next}`, tableLabel(holder));
		next += 1;
	}
	if (changes.size > 0) session.renumber(changes);
}

function conflict(name: string, other: string, idNumber: number): FunctionError {
	return new FunctionError(
		'ImportConflict',
		`The IDs of table "${name}" begin with the table number ${idNumber}, which belongs to table "${other}". Import both ` +
			'tables together, or into a deployment without that table. Nothing was changed.',
	);
}

/** A table that is not imported may hold ids of one that is: they would lead nowhere when its number has changed. */
function refuseBrokenReferences(
	session: BulkSession,
	before: readonly (TableInfo | null)[],
	after: readonly TableInfo[],
): void {
	for (const [index, table] of after.entries()) {
		const previous = before[index];
		if (!previous || previous.idNumber === table.idNumber) continue;
		for (const other of session.catalog.tables.values()) {
			if (other.component !== table.component || after.some((one) => one.number === other.number))
				continue;
			if (!refersTo(other.validator as JsonValue, table.name) || session.isEmpty(other)) continue;
			throw new FunctionError(
				'ImportForeignKey',
				`Import changes table '${table.name}' which is referenced by '${other.name}' in the schema. Import both tables ` +
					'together. Nothing was changed.',
			);
		}
	}
}

function refersTo(validator: JsonValue, table: string): boolean {
	if (Array.isArray(validator)) return validator.some((part) => refersTo(part, table));
	if (!isJsonObject(validator)) return false;
	if (validator.type === 'id' && validator.tableName === table) return true;
	return Object.values(validator).some((part) => refersTo(part, table));
}
