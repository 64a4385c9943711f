/** Accounts at services, what opens them, and who did what. */
import { defineTable } from 'convex/server';
import { v } from 'convex/values';

export const vAccount = v.object({
	/** The service's own id of the account: decides whether two connections are the same one. */
	id: v.string(),
	name: v.string(),
	details: v.array(v.object({ label: v.string(), value: v.string() })),
});

/** What may be shown of a stored secret. `last4` is null for secrets too short to show any of. */
export const vCredentialFact = v.object({
	name: v.string(),
	label: v.string(),
	last4: v.union(v.string(), v.null()),
	setAt: v.number(),
});

/** Settings are checked by the service's own zod schemas before they are stored; here they are plain JSON. */
export const vSettings = v.record(v.string(), v.any());

export const connectionTables = {
	/**
	 * The slow facts of a connection; what changes with every page of a sync is in `syncStates`.
	 * Inserted by `connections.connect`, patched by reconnect and rename, deleted by `connections.remove`.
	 */
	connections: defineTable({
		workspaceId: v.id('workspaces'),
		/** Integration id = folder name = slug. */
		service: v.string(),
		name: v.string(),
		authId: v.string(),
		account: vAccount,
		settings: vSettings,
		/** What is kept in `secrets`, as far as anybody may see it. */
		credentials: v.array(vCredentialFact),
		/** Names this connection inside the sealed blobs; chosen before the row exists, so that sealing can come first. */
		vaultId: v.string(),
		/** Raised by every reconnect; part of what the blobs are bound to, so that an old blob cannot be put back. */
		vaultVersion: v.number(),
		authorisedBy: v.string(),
		createdAt: v.number(),
	}).index('by_account', ['workspaceId', 'service', 'account.id']),

	/**
	 * One sealed credential. Written with its connection, replaced by reconnect, deleted by remove; read only by
	 * `lib/vault.ts`. No function returns any of it.
	 */
	secrets: defineTable({
		connectionId: v.id('connections'),
		field: v.string(),
		/** `v1.<key id>.<base64url of iv, ciphertext and tag>`: see `lib/secrets.ts`. */
		sealed: v.string(),
		keyId: v.string(),
	})
		.index('by_connectionId', ['connectionId', 'field'])
		.index('by_keyId', ['keyId']),

	/** Private addresses the owner allowed, as `host:port`. Written by `egress.*` only. */
	allowedHosts: defineTable({
		workspaceId: v.id('workspaces'),
		host: v.string(),
		allowedBy: v.string(),
		allowedAt: v.number(),
	}).index('by_workspaceId', ['workspaceId', 'host']),

	/** Who did what, in words. Inserted by `lib/audit.ts`, never changed. */
	auditLog: defineTable({
		workspaceId: v.id('workspaces'),
		connectionId: v.union(v.id('connections'), v.null()),
		at: v.number(),
		/** The user's name at that time, or null for the server itself. */
		actor: v.union(v.string(), v.null()),
		event: v.string(),
		text: v.string(),
	})
		.index('by_workspaceId', ['workspaceId', 'at'])
		.index('by_connectionId', ['connectionId', 'at']),
};
