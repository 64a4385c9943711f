/** The credentials of one connection, sealed field by field; and what may be said of them. */
import type { BaseIntegration } from '../../src/lib/server/integrations/sdk/index.ts';
import { describeAuth } from '../../src/lib/server/integrations/sdk/auth.ts';
import type { Doc } from '../_generated/dataModel.js';
import { open, seal, type SealedSecret } from './secrets.ts';

export type SealedField = SealedSecret & { field: string };
export type CredentialFact = Doc<'connections'>['credentials'][number];

/** Which vault: the connection's own ids, see tables/connections.ts. */
export interface Vault {
	workspaceId: string;
	vaultId: string;
	version: number;
}

/**
 * Showing four signs of a shorter secret would show too much of it: at twelve, eight signs stay unknown, which is more
 * than 40 bits of any alphabet in use.
 */
const LAST4_MIN_LENGTH = 12;

export function newVaultId(): string {
	return crypto.randomUUID();
}

export function sealCredentials(
	vault: Vault,
	credentials: Record<string, string>,
): Promise<SealedField[]> {
	return Promise.all(
		Object.entries(credentials).map(async ([field, plain]) => ({
			field,
			...(await seal(plain, { ...vault, field })),
		})),
	);
}

/** @throws UnsealError when any of them does not open: half a set of credentials is of no use */
export async function openCredentials(
	vault: Vault,
	sealed: readonly { field: string; sealed: string }[],
): Promise<Record<string, string>> {
	const opened = await Promise.all(
		sealed.map(async (one) => [one.field, await open(one.sealed, { ...vault, field: one.field })]),
	);
	return Object.fromEntries(opened);
}

export function vaultOf(
	connection: Pick<Doc<'connections'>, 'workspaceId' | 'vaultId' | 'vaultVersion'>,
): Vault {
	const { workspaceId, vaultId, vaultVersion } = connection;
	return { workspaceId, vaultId, version: vaultVersion };
}

/** What the UI may show. A user name is sealed too, but only secrets proper have a `last4` worth recognising. */
export function credentialFacts(
	integration: BaseIntegration,
	authId: string,
	credentials: Record<string, string>,
	setAt: number,
): CredentialFact[] {
	const declaration = integration.auth.find(({ id }) => id === authId);
	const labels = new Map(
		(declaration ? describeAuth(declaration).properties : []).map(({ name, label }) => [
			name,
			label,
		]),
	);
	return Object.entries(credentials).map(([name, value]) => ({
		name,
		label: labels.get(name) ?? name,
		last4: value.length >= LAST4_MIN_LENGTH ? value.slice(-4) : null,
		setAt,
	}));
}
