import type { Json } from '../../../../lib/server/integrations/sdk/manifest.ts';

/** The part of a connection that tells where its requests go. */
interface Facts {
	authId: string;
	credentials: readonly { name: string }[];
	settings: Record<string, Json>;
}

/** The address in the settings that requests are made to; null when the service has a fixed one. */
export function baseUrlOf(connection: Facts): string | null {
	const value = connection.settings['baseUrl'] ?? connection.settings['url'];
	return typeof value === 'string' && /^https?:\/\//.test(value) ? value : null;
}

/** Which placeholder a copied request carries instead of the credential. */
export function authKindOf(connection: Facts): 'none' | 'basic' | 'secretText' {
	if (connection.credentials.length === 0) return 'none';
	return connection.authId === 'basic' ? 'basic' : 'secretText';
}
