import type { z } from 'zod';
import { authProperties } from './auth.ts';
import type { BaseIntegration } from './baseIntegration.ts';
import { ConnectorError } from './errors.ts';
import type { Json } from './json.ts';
import type { Property, PropertyMap } from './properties.ts';

/** Form values once checked, split by what is sealed and what may be read back. */
export interface ParsedInput {
	authId: string;
	credentials: Record<string, string>;
	settings: Record<string, Json>;
}

/**
 * Checks what a form sent against the declaration. Unknown names are ignored. Throws PROPERTY_INVALID with a sentence per
 * field, before any request is made.
 * `isPartial` leaves out settings that are missing or not yet valid: for options and previews of a half-filled form.
 */
export function parseInput(
	integration: BaseIntegration,
	authId: string,
	values: Record<string, Json | undefined>,
	{ isPartial = false }: { isPartial?: boolean } = {},
): ParsedInput {
	const declaration = integration.auth.find((one) => one.id === authId);
	if (!declaration)
		throw invalid({
			authId: `${integration.name} has no such way to sign in. Choose one of the list.`,
		});
	const fields: Record<string, string> = {};
	const credentials = check(authProperties(declaration), values, fields);
	const settings = check(integration.settings, values, isPartial ? {} : fields);
	if (Object.keys(fields).length > 0) throw invalid(fields);
	return {
		authId,
		credentials: credentials as Record<string, string>,
		settings: settings as Record<string, Json>,
	};
}

function check(
	map: PropertyMap,
	values: Record<string, Json | undefined>,
	fields: Record<string, string>,
): Record<string, unknown> {
	const out: Record<string, unknown> = {};
	for (const [name, one] of Object.entries(map)) {
		// A name like "constructor" must not find what every object inherits.
		const value = Object.hasOwn(values, name) ? values[name] : undefined;
		const result = (one as Property).schema.safeParse(value);
		if (!result.success) fields[name] = sentence(result.error.issues);
		else if (result.data !== undefined) out[name] = result.data;
	}
	return out;
}

/** Row problems name their row, since the form shows one sentence per property. */
function sentence(issues: z.core.$ZodIssue[]): string {
	const first = issues[0];
	if (!first) return 'This value does not fit.';
	const row = first.path.find((part) => typeof part === 'number');
	return row === undefined ? first.message : `Row ${row + 1}: ${first.message}`;
}

function invalid(fields: Record<string, string>): ConnectorError {
	const [field, message] = Object.entries(fields)[0]!;
	return new ConnectorError('PROPERTY_INVALID', { message, field, fields });
}
