/** Fills a form about an existing connection with what is stored, where that is safe. */
import { authProperties } from '../../src/lib/server/integrations/sdk/auth.ts';
import {
	ConnectorError,
	parseInput,
	type BaseIntegration,
	type Json,
} from '../../src/lib/server/integrations/sdk/index.ts';

/** What a form sends: property name -> value, secrets and settings in one flat record. */
export interface Form {
	authId: string;
	values: Record<string, Json>;
}

/** The connection that the form edits, its credentials opened. */
export interface Stored extends Form {
	credentials: Record<string, string>;
	settings: Record<string, Json>;
}

/**
 * Settings left out keep their stored value; credentials left blank keep theirs, unless they would go to another
 * origin than the one they were entered for: whoever can edit an address must not be able to have a stored secret
 * sent to it.
 * @param isPartial for options and previews, whose form may still lack settings
 * @throws ConnectorError PROPERTY_INVALID with a sentence per field, before any request
 */
export function fillForm(
	integration: BaseIntegration,
	{ authId, values }: Form,
	stored: Omit<Stored, 'values'> | null,
	isPartial = false,
): Form {
	if (!stored) return { authId, values };
	const filled: Record<string, Json> = { ...stored.settings, ...values };
	const reused = stored.authId === authId ? blankCredentials(integration, authId, values) : [];
	const held = reused.filter((name) => Object.hasOwn(stored.credentials, name));
	for (const name of held) filled[name] = stored.credentials[name]!;
	if (held.length > 0) {
		const { settings } = parseInput(integration, authId, filled, { isPartial });
		if (!isSameOrigin(integration, settings, stored.settings)) throw reenter(held);
	}
	return { authId, values: filled };
}

function blankCredentials(
	integration: BaseIntegration,
	authId: string,
	values: Record<string, Json>,
): string[] {
	const declaration = integration.auth.find(({ id }) => id === authId);
	if (!declaration) return [];
	return Object.keys(authProperties(declaration)).filter((name) => {
		const value = Object.hasOwn(values, name) ? values[name] : null;
		return value === null || value === undefined || value === '';
	});
}

/** Scheme, host and port; the path may change freely. Without an address on both sides there is nobody to send to. */
function isSameOrigin(
	integration: BaseIntegration,
	now: Record<string, Json>,
	before: Record<string, Json>,
): boolean {
	return originOf(integration.baseUrl(now)) === originOf(integration.baseUrl(before));
}

function originOf(baseUrl: string | undefined): string | null {
	if (baseUrl === undefined) return null;
	return URL.canParse(baseUrl) ? new URL(baseUrl).origin : baseUrl;
}

function reenter(names: string[]): ConnectorError {
	const message =
		'The address has changed, so the stored credentials are not sent to it. Enter them again.';
	return new ConnectorError('PROPERTY_INVALID', {
		message,
		field: names[0]!,
		fields: Object.fromEntries(names.map((name) => [name, message])),
	});
}
