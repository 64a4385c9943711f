/** Which ids a component may use, and in Convex's words why not. */
import { type Catalog, isSystemTable, type TableInfo } from './catalog.ts';
import { decodeId } from './ids.ts';
import { type ComponentPath, FunctionError } from '../types.ts';

/**
 * The table an id belongs to; null when its table does not exist (such an id leads to no document). Throws
 * FunctionError 'InvalidId' for what is not an id, an id of another component, or one of another table than `expected`.
 */
export function tableOfId(
	catalog: Catalog,
	component: ComponentPath,
	method: string,
	id: string,
	expected: string | undefined,
): TableInfo | null {
	const decoded = typeof id === 'string' ? decodeId(id) : null;
	if (!decoded) {
		throw new FunctionError(
			'InvalidId',
			`Invalid argument \`id\` for \`db.${method}\`: Unable to decode ID ${describeId(id)}.`,
		);
	}
	const table = catalog.byIdNumber.get(component)?.get(decoded.tableNumber);
	if (!table) {
		const isForeign = [...catalog.byIdNumber.values()].some((own) => own.has(decoded.tableNumber));
		if (!isForeign) return null;
		throw new FunctionError(
			'InvalidId',
			`Invalid argument \`id\` for \`db.${method}\`: the ID ${describeId(id)} belongs to another component. A component can only use IDs of its own tables.`,
		);
	}
	if (expected !== undefined && expected !== table.name) {
		throw new FunctionError(
			'InvalidId',
			`Invalid argument \`id\` for \`db.${method}\`, expected ID in table '${expected}' but got ID in table '${table.name}'.`,
		);
	}
	return table;
}

/** In Convex's words: user code reads system tables through `db.system`, and only those. */
export function checkSystemAccess(table: TableInfo, isSystem: boolean): void {
	if (isSystemTable(table.name) === isSystem) return;
	throw new FunctionError(
		'SystemTable',
		isSystem
			? 'User tables cannot be accessed with db.system.'
			: 'System tables can only be accessed with db.system.',
	);
}

/** The name of the id's table if the component has it, else null: what validators and `normalizeId` ask. */
export function tableNameOfId(
	catalog: Catalog,
	component: ComponentPath,
	id: string,
): string | null {
	const decoded = decodeId(id);
	return (decoded && catalog.byIdNumber.get(component)?.get(decoded.tableNumber)?.name) ?? null;
}

/** Ids are no secrets, but what was passed instead of one may be. */
function describeId(id: unknown): string {
	if (typeof id !== 'string') return `of type ${typeof id}`;
	return /^[0-9a-z]{31,37}$/.test(id) ? `"${id}"` : `(a string of ${id.length} characters)`;
}
