/** How validators and values read in error messages. */
import { type JsonObject, kindOf } from './jsonValues.ts';
import type { JsonValue } from '../types.ts';
import type { ValidatorJson } from './validators.ts';

/** Long enough for any hand-written table, short enough for a log line. */
const MAX_TEXT_CHARS = 2_000;
const MAX_FIELDS_SHOWN = 50;

/** As it would be written in TypeScript: `v.object({name: v.string()})`. */
export function describeValidator(validator: ValidatorJson): string {
	return shorten(describe(validator));
}

function describe(validator: ValidatorJson): string {
	switch (validator.type) {
		case 'number':
			return 'v.float64()';
		case 'bigint':
			return 'v.int64()';
		case 'literal':
			return `v.literal(${describeLiteral(validator.value)})`;
		case 'id':
			return `v.id("${validator.tableName}")`;
		case 'array':
			return `v.array(${describe(validator.value)})`;
		case 'union':
			return `v.union(${validator.value.map(describe).join(', ')})`;
		case 'record':
			return `v.record(${describe(validator.keys)}, ${describe(validator.values.fieldType)})`;
		case 'object': {
			// Convex writes fields in the order of their names.
			const sorted = Object.entries(validator.value).sort(([a], [b]) => (a < b ? -1 : 1));
			const fields = sorted.map(([name, field]) => {
				const inner = describe(field.fieldType);
				return `${name}: ${field.optional ? `v.optional(${inner})` : inner}`;
			});
			return `v.object({${fields.join(', ')}})`;
		}
		default:
			return `v.${validator.type}()`;
	}
}

function describeLiteral(value: JsonValue): string {
	return kindOf(value) === 'bigint' ? `${readInteger(value)}n` : JSON.stringify(value);
}

/** Numbers, booleans and null as they are; of everything else the shape only, since values may be secrets. */
export function describeValue(value: JsonValue): string {
	switch (kindOf(value)) {
		case 'string':
			return `a string of ${(value as string).length} characters`;
		case 'number':
			return typeof value === 'number'
				? Number.isInteger(value)
					? `${value}.0`
					: String(value)
				: 'a special number';
		case 'bigint':
			return readInteger(value);
		case 'bytes':
			return 'bytes';
		case 'commitTs':
			return 'db.vars.commitTs';
		case 'undefined':
			return 'undefined';
		case 'array':
			return `an array of ${(value as JsonValue[]).length} elements`;
		case 'object': {
			const names = Object.keys(value as JsonObject).sort();
			const more = names.length > MAX_FIELDS_SHOWN ? ', …' : '';
			return shorten(`{${names.slice(0, MAX_FIELDS_SHOWN).join(', ')}${more}}`);
		}
		default:
			return String(value);
	}
}

function readInteger(value: JsonValue): string {
	const bytes = Buffer.from((value as { $integer: string }).$integer, 'base64');
	return bytes.length === 8 ? String(bytes.readBigInt64LE()) : 'a malformed bigint';
}

function shorten(text: string): string {
	return text.length <= MAX_TEXT_CHARS ? text : `${text.slice(0, MAX_TEXT_CHARS)}…`;
}
