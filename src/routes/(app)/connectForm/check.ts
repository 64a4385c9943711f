import type { PropertyDescription } from '../../../lib/server/integrations/sdk/manifest.ts';
import type { Failure } from '../contract.ts';
import { isBlankRow, isFilled, type FormValues, type QueryRow } from './values.ts';

/** One sentence per field; rows are addressed as `queries.2.query`. */
export type FieldErrors = Record<string, string>;

/** Key of an error at one cell of one row. */
export function rowField(property: string, index: number, cell: 'name' | 'query' | 'unit'): string {
	return `${property}.${index}.${cell}`;
}

/** Turns `queries[2].query` into `queries.2.query`, so both spellings reach the same cell. */
export function normaliseField(path: string): string {
	return path.replace(/\[(\d+)\]/g, '.$1').replace(/^\./, '');
}

function rowErrors(property: string, rows: readonly QueryRow[], errors: FieldErrors): void {
	rows.forEach((row, index) => {
		if (isBlankRow(row)) return;
		if (row.name.trim() === '')
			errors[rowField(property, index, 'name')] =
				'This metric has no name. Say what it is, for example “Requests a second”.';
		if (row.query.trim() === '')
			errors[rowField(property, index, 'query')] =
				'This metric has no query. Write the one that gives its value.';
	});
}

/**
 * What can be seen without asking the server: required fields that are empty. `kept` names the credentials that
 * are stored already: while reconnecting, leaving one empty means the stored one.
 */
export function missingFields(
	properties: readonly PropertyDescription[],
	values: FormValues,
	kept: readonly string[] = [],
): FieldErrors {
	const errors: FieldErrors = {};
	for (const property of properties) {
		const value = values[property.name];
		if (property.kind === 'queries') rowErrors(property.name, (value ?? []) as QueryRow[], errors);
		if (!property.required || isFilled(value)) continue;
		if (kept.includes(property.name)) continue;
		errors[property.name] =
			property.kind === 'multiSelect' || property.kind === 'select'
				? `Nothing is chosen. Choose ${property.kind === 'multiSelect' ? 'at least one' : 'one'}.`
				: property.kind === 'queries'
					? 'No metric is named yet. Name at least one.'
					: `${property.label} is empty. Fill it in.`;
	}
	return errors;
}

/** Codes that speak of the address typed in, wherever the server noticed. */
const addressCodes = new Set([
	'HOST_NOT_FOUND',
	'HOST_UNREACHABLE',
	'CONNECTION_REFUSED',
	'TLS_ERROR',
	'PRIVATE_ADDRESS',
	'ADDRESS_FORBIDDEN',
	'URL_INVALID',
	'PORT_FORBIDDEN',
	'NOT_AN_API',
	'NOT_FOUND',
	'TOO_MANY_REDIRECTS',
	'REDIRECT_DOWNGRADE',
]);

function fieldByCode(code: string, properties: readonly PropertyDescription[]): string | undefined {
	const first = (kind: PropertyDescription['kind']) =>
		properties.find((property) => property.kind === kind)?.name;
	if (addressCodes.has(code)) return first('url');
	if (code === 'AUTH_REJECTED') return first('secret');
	if (code === 'QUERY_INVALID') return first('queries');
	return undefined;
}

function belongsTo(field: string, properties: readonly PropertyDescription[]): boolean {
	return properties.some(({ name }) => field === name || field.startsWith(`${name}.`));
}

/** Where a failure is shown: at its fields when it has any on this form, else as a panel of its own. */
export interface PlacedFailure {
	fields: FieldErrors;
	panel: Failure | null;
}

/** PRIVATE_ADDRESS keeps its panel beside the field message, because the panel carries the way out. */
export function placeFailure(
	failure: Failure,
	properties: readonly PropertyDescription[],
): PlacedFailure {
	const fields: FieldErrors = {};
	for (const [path, message] of Object.entries(failure.fields ?? {})) {
		const field = normaliseField(path);
		if (belongsTo(field, properties)) fields[field] = message;
	}
	const single = failure.field
		? normaliseField(failure.field)
		: Object.keys(fields).length === 0
			? fieldByCode(failure.code, properties)
			: undefined;
	if (single && belongsTo(single, properties) && !fields[single]) fields[single] = failure.message;
	const isPlaced = Object.keys(fields).length > 0;
	const keepsPanel =
		!isPlaced || (failure.code === 'PRIVATE_ADDRESS' && failure.host !== undefined);
	return { fields, panel: keepsPanel ? failure : null };
}

/** Which row a sentence speaks of (`Row 2: …`, `"Orders": …`), and what it says; null when of none or of all. */
export function rowOf(
	message: string,
	rows: readonly { name: string }[],
): { index: number; message: string } | null {
	const match = /^(?:Row (\d+)|"(.+?)"): (.+)$/s.exec(message);
	if (!match?.[3]) return null;
	const index = match[1]
		? Number(match[1]) - 1
		: rows.findIndex((row) => row.name.trim() === match[2]);
	return rows[index] ? { index, message: match[3] } : null;
}

/** Why Connect cannot be pressed yet, said beside the button. */
export function reasonNotToConnect(state: {
	errorCount: number;
	hasPanel: boolean;
	isTested: boolean;
	isTesting: boolean;
}): string | null {
	if (state.isTested) return null;
	if (state.isTesting) return 'Waiting for the test. Nothing is saved.';
	if (state.errorCount > 0)
		return `Fix ${state.errorCount} ${state.errorCount === 1 ? 'field' : 'fields'} first. Nothing was saved.`;
	if (state.hasPanel) return 'Not connected. Nothing was saved.';
	return 'Test first. Nothing is saved until then.';
}

/** "127.0.0.1:9090" of an address being typed; null while it is not one. */
export function hostOf(address: string): string | null {
	try {
		return new URL(address.trim()).host || null;
	} catch {
		return null;
	}
}

/**
 * What a new connection is called until somebody renames it: the company's account at a service, or simply the
 * service where no account is involved. Numbered when the name is taken.
 */
export function defaultName(
	serviceName: string,
	workspaceName: string,
	hasAccount: boolean,
	taken: readonly string[],
): string {
	const base =
		hasAccount && workspaceName.trim() ? `${workspaceName.trim()} ${serviceName}` : serviceName;
	const used = new Set(taken.map((name) => name.toLowerCase()));
	let name = base;
	for (let n = 2; used.has(name.toLowerCase()); n++) name = `${base} ${n}`;
	return name;
}
