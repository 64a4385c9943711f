/** The catalog as the file has it. */
import {
	type Catalog,
	EMPTY_CATALOG,
	makeIndex,
	makeTable,
	withSearchIndexes,
	withTables,
} from './catalog.ts';
import { schemaValidators } from './schemaRules.ts';
import { loadSearchIndexes } from '../search/loadSearchIndexes.ts';
import type { SqliteDatabase } from './sqlite.ts';
import type { SchemaDefinition } from '../types.ts';

export function loadCatalog(database: SqliteDatabase): Catalog {
	const tables = database.prepare('SELECT num, component, name, id_number FROM tables').all() as {
		num: number;
		component: string;
		name: string;
		id_number: number;
	}[];
	const indexes = database
		.prepare('SELECT id, tbl, name, fields, staged FROM indexes ORDER BY id')
		.all() as {
		id: number;
		tbl: number;
		name: string;
		fields: string;
		staged: number;
	}[];
	const searchIndexes = loadSearchIndexes(database);
	const schemas = loadSchemas(database);
	return withTables(
		EMPTY_CATALOG,
		tables.map(({ num, component, name, id_number }) => {
			const own = indexes
				.filter((index) => index.tbl === num)
				.map(({ id, name, fields, staged }) =>
					makeIndex(id, num, name, JSON.parse(fields) as string[], staged === 1),
				);
			const validator = schemaValidators(schemas.get(component) ?? null).get(name) ?? null;
			return withSearchIndexes(
				makeTable(num, component, name, own, validator, id_number),
				searchIndexes.filter((index) => index.tableNumber === num),
			);
		}),
	);
}

export function loadSchemas(database: SqliteDatabase): Map<string, SchemaDefinition> {
	const rows = database.prepare('SELECT component, definition FROM schemas').all() as {
		component: string;
		definition: string;
	}[];
	return new Map(
		rows.map(({ component, definition }) => [
			component,
			JSON.parse(definition) as SchemaDefinition,
		]),
	);
}
