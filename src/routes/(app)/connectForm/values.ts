import type { Json, PropertyDescription } from '../../../lib/server/integrations/sdk/manifest.ts';

export type { Json } from '../../../lib/server/integrations/sdk/manifest.ts';

/** What the form holds while a person types. Numbers stay text until they are sent. */
export type FormValue = string | boolean | string[] | QueryRow[];
export type FormValues = Record<string, FormValue>;

/** One user-named metric. `id` is empty until the server names it and never changes afterwards: points hang on it. */
export interface QueryRow {
	/** Key of the row on the page only; never sent. */
	rowKey: string;
	id: string;
	name: string;
	query: string;
	/** A unit's name, or "currency:EUR". */
	unit: string;
	kind: string;
}

/** Units a row may have. Money needs its currency; the common ones are offered, a stored other one is kept. */
export const rowUnits = [
	{ value: 'none', label: 'Plain number' },
	{ value: 'count', label: 'Count' },
	{ value: 'percent', label: 'Percent' },
	{ value: 'ratio', label: 'Ratio, 0 to 1' },
	{ value: 'bytes', label: 'Bytes' },
	{ value: 'ms', label: 'Milliseconds' },
	{ value: 's', label: 'Seconds' },
	{ value: 'perSecond', label: 'Per second' },
	{ value: 'currency:EUR', label: 'Euro, in cents' },
	{ value: 'currency:USD', label: 'US dollar, in cents' },
	{ value: 'currency:GBP', label: 'Pound, in pence' },
];

/** How a row's values add up over time. */
export const rowKinds = [
	{ value: 'gauge', label: 'Level, as it is now' },
	{ value: 'delta', label: 'Amount in each period' },
	{ value: 'cumulative', label: 'Counter that only grows' },
];

/** An empty row; the key tells rows apart on the page. */
export function emptyRow(rowKey: string): QueryRow {
	return { rowKey, id: '', name: '', query: '', unit: 'none', kind: 'gauge' };
}

function unitText(unit: Json | undefined): string {
	if (unit && typeof unit === 'object' && !Array.isArray(unit)) return `currency:${unit.currency}`;
	return textOf(unit) || 'none';
}

/** The row as it is sent: without the page's key, and without an id the server has not given yet. */
export function sentRow(row: QueryRow): Record<string, Json> {
	const currency = /^currency:(.+)$/.exec(row.unit)?.[1];
	return {
		...(row.id === '' ? {} : { id: row.id }),
		name: row.name.trim(),
		query: row.query.trim(),
		unit: currency ? { currency } : row.unit,
		kind: row.kind,
	};
}

/** True when a row was never touched and may be left out. */
export function isBlankRow(row: QueryRow): boolean {
	return row.name.trim() === '' && row.query.trim() === '';
}

function textOf(value: Json | undefined): string {
	return value === undefined || value === null ? '' : String(value);
}

function rowsOf(value: Json | undefined, name: string): QueryRow[] {
	if (!Array.isArray(value)) return [];
	return value.map((item, index) => {
		const row = (item ?? {}) as Record<string, Json>;
		return {
			rowKey: `${name}-${index}`,
			id: textOf(row.id),
			name: textOf(row.name),
			query: textOf(row.query),
			unit: unitText(row.unit),
			kind: textOf(row.kind) || 'gauge',
		};
	});
}

/** The form value for what is stored (or for the declared default), never for a secret. */
export function valueFor(property: PropertyDescription, stored: Json | undefined): FormValue {
	const value = stored ?? property.default;
	switch (property.kind) {
		case 'secret':
			return '';
		case 'checkbox':
			return value === true;
		case 'multiSelect':
			return Array.isArray(value) ? value.map((item) => textOf(item)) : [];
		case 'queries': {
			const rows = rowsOf(value, property.name);
			return rows.length > 0 ? rows : [emptyRow(`${property.name}-0`)];
		}
		default:
			return textOf(value);
	}
}

/** The values of a fresh form, with what is already known filled in. */
export function initialValues(
	properties: readonly PropertyDescription[],
	stored: Record<string, Json> = {},
): FormValues {
	return Object.fromEntries(
		properties.map((property) => [property.name, valueFor(property, stored[property.name])]),
	);
}

/** True when the value says something; a lone blank row or a space does not. */
export function isFilled(value: FormValue | undefined): boolean {
	if (typeof value === 'string') return value.trim() !== '';
	if (typeof value === 'boolean') return true;
	if (!Array.isArray(value)) return false;
	return value.some((item) => (typeof item === 'string' ? item !== '' : !isBlankRow(item)));
}

function sentValue(property: PropertyDescription, value: FormValue): Json {
	if (property.kind === 'queries')
		return (value as QueryRow[]).filter((row) => !isBlankRow(row)).map(sentRow);
	if (typeof value !== 'string') return value as Json;
	const text = value.trim();
	if (property.kind !== 'number' || text === '') return text;
	const parsed = Number(text.replace(',', '.'));
	// What is no number travels as it is, so that the server can say so at the field.
	return Number.isFinite(parsed) ? parsed : text;
}

/**
 * What is sent to the server: only the chosen auth option's properties. A setting that was emptied is sent, or it
 * would keep what is stored; an empty credential is not, so that the stored one stays.
 */
export function payloadOf(
	properties: readonly PropertyDescription[],
	values: FormValues,
	credentials: readonly string[] = [],
): Record<string, Json> {
	const payload: Record<string, Json> = {};
	for (const property of properties) {
		const value = values[property.name];
		if (value === undefined) continue;
		const sent = sentValue(property, value);
		if (sent !== '' || !credentials.includes(property.name)) payload[property.name] = sent;
	}
	return payload;
}

/** The same form without anything secret in it, for clearing memory after connecting. */
export function withoutSecrets(
	properties: readonly PropertyDescription[],
	values: FormValues,
): FormValues {
	const secret = new Set(properties.filter((p) => p.kind === 'secret').map((p) => p.name));
	return Object.fromEntries(
		Object.entries(values).map(([name, value]) => [name, secret.has(name) ? '' : value]),
	);
}
