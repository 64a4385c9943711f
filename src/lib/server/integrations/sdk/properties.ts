import { z } from 'zod';
import type { Json } from './json.ts';
import { queriesSchema, type QueryRow } from './queryRows.ts';

export type PropertyKind =
	'text' | 'secret' | 'url' | 'number' | 'checkbox' | 'select' | 'multiSelect' | 'queries';

/** One static choice of a select. */
export interface PropertyChoice {
	value: string;
	label: string;
}

/** One input as the form draws it: plain JSON, part of the manifest. */
export interface PropertyDescription {
	name: string;
	label: string;
	kind: PropertyKind;
	/** One sentence under the input. */
	help?: string;
	placeholder?: string;
	required: boolean;
	default?: Json;
	options?: PropertyChoice[];
	/** Choices come from `options()` of the integration, asked with what was entered so far. */
	hasOptionsResolver?: boolean;
	/** The value is checked against the service while typing, through `preview()` of the integration. */
	hasPreview?: boolean;
	/** Names of the properties that must be filled before this one can be. */
	dependsOn?: string[];
	isSearchable?: boolean;
	/** Drawn behind "More settings". */
	isAdvanced?: boolean;
}

/** A declared input: how it is checked and how it is drawn. */
export interface Property<T = unknown> {
	readonly schema: z.ZodType<T>;
	readonly description: Omit<PropertyDescription, 'name'>;
}

/** Declared inputs by name. */
export type PropertyMap = Record<string, Property>;

/** The values a property map yields once checked. */
export type ValuesOf<M extends PropertyMap> = {
	[Name in keyof M]: M[Name] extends Property<infer T> ? T : never;
};

type Look = Partial<Omit<PropertyDescription, 'name' | 'kind' | 'required' | 'default'>> & {
	label: string;
};

// A longer text is never a setting; the cap keeps a pasted file out of the database.
const maxTextChars = 2000;
const maxSecretChars = 16_384;

const blankToUndefined = (value: unknown): unknown =>
	value === null || (typeof value === 'string' && value.trim() === '') ? undefined : value;

const requiredText = (label: string) =>
	z
		.string({ error: `Enter the ${lowerFirst(label)}.` })
		.trim()
		.min(1, `Enter the ${lowerFirst(label)}.`);

function lowerFirst(label: string): string {
	// "API key" and "URL" keep their capitals.
	return /^[A-Z][a-z]/.test(label) ? label[0]!.toLowerCase() + label.slice(1) : label;
}

function text(look: Look & { required?: true }): Property<string>;
function text(look: Look & { required: false }): Property<string | undefined>;
function text(
	look: Look & { required?: boolean },
): Property<string> | Property<string | undefined> {
	const { required = true, ...rest } = look;
	const description = { ...rest, kind: 'text' as const, required };
	const full = requiredText(look.label).max(maxTextChars, `${look.label} is too long.`);
	if (required) return { schema: z.preprocess(blankToUndefined, full), description };
	return { schema: z.preprocess(blankToUndefined, full.optional()), description };
}

/** A value that is sealed, never returned and never logged. Always required within its auth option. */
function secret(look: Look): Property<string> {
	const control = /[\u0000-\u001f\u007f]/;
	const schema = z.preprocess(
		blankToUndefined,
		requiredText(look.label)
			.max(maxSecretChars, `${look.label} is too long.`)
			.refine((value) => !control.test(value), `${look.label} must be one line. Copy it again.`),
	);
	return { schema, description: { ...look, kind: 'secret', required: true } };
}

type UrlLook = Look & {
	/** Repairs what people paste, e.g. cuts a page's path; runs before the checks. */
	clean?: (value: string) => string;
};

function url(look: UrlLook & { default?: string }): Property<string> {
	const { clean = (value: string) => value, ...rest } = look;
	const full = requiredText(look.label)
		.max(maxTextChars, `${look.label} is too long.`)
		.transform(clean)
		.refine(
			(value) => /^https?:\/\//i.test(value),
			'Start the address with http:// or https://, like https://metrics.example.com.',
		)
		.refine((value) => URL.canParse(value), 'This is not a web address. Check its spelling.')
		.refine((value) => !/[?#]/.test(value), 'Leave out everything from the ? or # on.');
	const description = { ...rest, kind: 'url' as const, required: look.default === undefined };
	return {
		schema: z.preprocess((value) => blankToUndefined(value) ?? look.default, full),
		description,
	};
}

function number(
	look: Look & { default: number; min: number; max: number; isInteger?: boolean },
): Property<number> {
	const { min, max, isInteger = false, ...rest } = look;
	const message = `Enter a number from ${min} to ${max}.`;
	const base = z.coerce.number({ error: message }).min(min, message).max(max, message);
	const schema = z.preprocess(
		(value) => blankToUndefined(value) ?? look.default,
		isInteger ? base.int(message) : base,
	);
	return { schema, description: { ...rest, kind: 'number', required: false } };
}

function checkbox(look: Look & { default: boolean }): Property<boolean> {
	const schema = z.boolean({ error: 'Tick it or leave it.' }).default(look.default);
	return { schema, description: { ...look, kind: 'checkbox', required: false } };
}

function select(look: Look & { options: PropertyChoice[]; default: string }): Property<string> {
	const allowed = new Set(look.options.map((option) => option.value));
	const schema = z
		.string({ error: 'Choose one of the list.' })
		.refine((value) => allowed.has(value), 'Choose one of the list.')
		.default(look.default);
	return { schema, description: { ...look, kind: 'select', required: false } };
}

/** Several choices. With `hasOptionsResolver` any short text is accepted, since the list lives at the service. */
function multiSelect(
	look: Look & { max: number; pattern?: { regex: RegExp; message: string } },
): Property<string[]> {
	const { max, pattern, ...rest } = look;
	const allowed = look.options && new Set(look.options.map((option) => option.value));
	const one = z
		.string()
		.trim()
		.min(1)
		.max(300)
		.refine((value) => !allowed || allowed.has(value), 'Choose from the list.')
		.refine(
			(value) => !pattern || pattern.regex.test(value),
			pattern?.message ?? 'Choose from the list.',
		);
	const schema = z
		.array(one, { error: 'Choose at least one.' })
		.min(1, 'Choose at least one.')
		.max(max, `Choose at most ${max}.`)
		.transform((values) => [...new Set(values)]);
	return { schema, description: { ...rest, kind: 'multiSelect', required: true } };
}

/** Repeatable rows of user-named queries. */
function queries(look: Look & { max: number }): Property<QueryRow[]> {
	const { max, ...rest } = look;
	return { schema: queriesSchema(max), description: { ...rest, kind: 'queries', required: true } };
}

/** Builders of the property kinds. Each pairs a schema with what the form needs to draw it. */
export const property = { text, secret, url, number, checkbox, select, multiSelect, queries };

/** The form's view of declared inputs, in their order. */
export function describeProperties(map: PropertyMap): PropertyDescription[] {
	return Object.entries(map).map(([name, one]) => ({ name, ...one.description }));
}

/** Reads stored settings back with their types; throws zod's error when they no longer fit the declaration. */
export function readValues<M extends PropertyMap>(map: M, raw: Record<string, Json>): ValuesOf<M> {
	const out: Record<string, unknown> = {};
	for (const [name, one] of Object.entries(map)) out[name] = one.schema.parse(raw[name]);
	return out as ValuesOf<M>;
}
