/** Accounts at services: test, connect, watch, mend, remove. The work is in connecting/, one verb per file. */
import { v } from 'convex/values';
import { connectAccount, vConnectResult } from './connecting/connect.ts';
import {
	pauseConnection,
	renameConnection,
	resumeConnection,
	syncConnectionNow,
} from './connecting/manage.ts';
import { describeConnection, vConnectionDetail } from './connecting/describe.ts';
import { listOptions, previewValue, vOptionsResult, vPreviewResult } from './connecting/assist.ts';
import { readAudit, vAuditEntry } from './connecting/readAudit.ts';
import { reconnectAccount, vReconnectResult } from './connecting/reconnect.ts';
import { readImpact, removeConnection, vImpact } from './connecting/remove.ts';
import { listConnections, vConnectionSummary } from './connecting/summarise.ts';
import { testForm, vTestResult } from './connecting/test.ts';
import { readProgress, vProgress } from './connecting/progress.ts';
import { workspaceAction, workspaceMutation, workspaceQuery } from './lib/functions.ts';
import { vJson, vValues } from './lib/shapes.ts';

const vForm = { service: v.string(), authId: v.string(), values: vValues };
const vConnectionId = { connectionId: v.id('connections') };
/** Text from an address bar: an unknown one is simply not found. */
const vMaybeConnectionId = { connectionId: v.string() };

/** Asks the service who we are; stores nothing. */
export const test = workspaceAction({
	args: { ...vForm, connectionId: v.optional(v.string()) },
	returns: vTestResult,
	handler: (ctx, args) => testForm(ctx, args),
});

/** Choices of a property, fetched with what was entered so far. */
export const options = workspaceAction({
	args: {
		...vForm,
		property: v.string(),
		search: v.optional(v.string()),
		connectionId: v.optional(v.string()),
	},
	returns: vOptionsResult,
	handler: (ctx, args) => listOptions(ctx, args),
});

/** Live check of one value of a property while it is typed. */
export const preview = workspaceAction({
	args: {
		...vForm,
		property: v.string(),
		item: vJson,
		connectionId: v.optional(v.string()),
	},
	returns: vPreviewResult,
	handler: (ctx, args) => previewValue(ctx, args),
});

/** Tests again and, when that succeeds, keeps the connection and starts its first sync. */
export const connect = workspaceAction({
	args: { ...vForm, name: v.optional(v.string()) },
	returns: vConnectResult,
	handler: (ctx, args) => connectAccount(ctx, args),
});

/** New credentials and settings for the same external account; history stays. */
export const reconnect = workspaceAction({
	args: { connectionId: v.string(), authId: v.string(), values: vValues },
	returns: vReconnectResult,
	handler: (ctx, args) => reconnectAccount(ctx, args),
});

export const list = workspaceQuery({
	args: {},
	returns: v.array(vConnectionSummary),
	handler: (ctx) => listConnections(ctx),
});

export const get = workspaceQuery({
	args: vMaybeConnectionId,
	returns: v.union(vConnectionDetail, v.null()),
	handler: (ctx, { connectionId }) => describeConnection(ctx, connectionId),
});

/** The hot part of a connection, in a subscription of its own. */
export const progress = workspaceQuery({
	args: vMaybeConnectionId,
	returns: v.union(vProgress, v.null()),
	handler: (ctx, { connectionId }) => readProgress(ctx, connectionId),
});

export const syncNow = workspaceMutation({
	args: vConnectionId,
	returns: v.null(),
	handler: (ctx, { connectionId }) => syncConnectionNow(ctx, connectionId),
});

export const pause = workspaceMutation({
	args: vConnectionId,
	returns: v.null(),
	handler: (ctx, { connectionId }) => pauseConnection(ctx, connectionId),
});

export const resume = workspaceMutation({
	args: vConnectionId,
	returns: v.null(),
	handler: (ctx, { connectionId }) => resumeConnection(ctx, connectionId),
});

export const rename = workspaceMutation({
	args: { ...vConnectionId, name: v.string() },
	returns: v.null(),
	handler: (ctx, { connectionId, name }) => renameConnection(ctx, connectionId, name),
});

/** What `remove` would delete. */
export const removalImpact = workspaceQuery({
	args: vConnectionId,
	returns: vImpact,
	handler: (ctx, { connectionId }) => readImpact(ctx, connectionId),
});

export const remove = workspaceMutation({
	args: { ...vConnectionId, keepPoints: v.boolean() },
	returns: v.null(),
	handler: (ctx, { connectionId, keepPoints }) => removeConnection(ctx, connectionId, keepPoints),
});

/** Who did what to this connection, newest first. */
export const audit = workspaceQuery({
	args: vMaybeConnectionId,
	returns: v.array(vAuditEntry),
	handler: (ctx, { connectionId }) => readAudit(ctx, connectionId),
});
