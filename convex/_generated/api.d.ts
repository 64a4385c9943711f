/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";
import type * as auth from "../auth.js";
import type * as connecting_assist from "../connecting/assist.js";
import type * as connecting_attempt from "../connecting/attempt.js";
import type * as connecting_connect from "../connecting/connect.js";
import type * as connecting_describe from "../connecting/describe.js";
import type * as connecting_fillForm from "../connecting/fillForm.js";
import type * as connecting_load from "../connecting/load.js";
import type * as connecting_manage from "../connecting/manage.js";
import type * as connecting_progress from "../connecting/progress.js";
import type * as connecting_reach from "../connecting/reach.js";
import type * as connecting_readAudit from "../connecting/readAudit.js";
import type * as connecting_reconnect from "../connecting/reconnect.js";
import type * as connecting_remove from "../connecting/remove.js";
import type * as connecting_serverStats from "../connecting/serverStats.js";
import type * as connecting_store from "../connecting/store.js";
import type * as connecting_summarise from "../connecting/summarise.js";
import type * as connecting_test from "../connecting/test.js";
import type * as connections from "../connections.js";
import type * as crons from "../crons.js";
import type * as egress from "../egress.js";
import type * as http from "../http.js";
import type * as integrations from "../integrations.js";
import type * as lib_audit from "../lib/audit.js";
import type * as lib_auth from "../lib/auth.js";
import type * as lib_authHooks from "../lib/authHooks.js";
import type * as lib_authHttp from "../lib/authHttp.js";
import type * as lib_components from "../lib/components.js";
import type * as lib_env from "../lib/env.js";
import type * as lib_errors from "../lib/errors.js";
import type * as lib_events from "../lib/events.js";
import type * as lib_functions from "../lib/functions.js";
import type * as lib_members from "../lib/members.js";
import type * as lib_outbound from "../lib/outbound.js";
import type * as lib_secrets from "../lib/secrets.js";
import type * as lib_shapes from "../lib/shapes.js";
import type * as lib_throttle from "../lib/throttle.js";
import type * as lib_totals from "../lib/totals.js";
import type * as lib_validate from "../lib/validate.js";
import type * as lib_vault from "../lib/vault.js";
import type * as lib_viewer from "../lib/viewer.js";
import type * as metrics from "../metrics.js";
import type * as reading_card from "../reading/card.js";
import type * as reading_level from "../reading/level.js";
import type * as reading_ofConnection from "../reading/ofConnection.js";
import type * as reading_overview from "../reading/overview.js";
import type * as reading_rollups from "../reading/rollups.js";
import type * as reading_runs from "../reading/runs.js";
import type * as reading_series from "../reading/series.js";
import type * as reading_shapes from "../reading/shapes.js";
import type * as reading_sources from "../reading/sources.js";
import type * as rollups_pointStore from "../rollups/pointStore.js";
import type * as rollups_prune from "../rollups/prune.js";
import type * as rollups_rebuild from "../rollups/rebuild.js";
import type * as rollups_recompute from "../rollups/recompute.js";
import type * as sessions from "../sessions.js";
import type * as setup from "../setup.js";
import type * as sync_api from "../sync/api.js";
import type * as sync_backoff from "../sync/backoff.js";
import type * as sync_begin from "../sync/begin.js";
import type * as sync_claim from "../sync/claim.js";
import type * as sync_commit from "../sync/commit.js";
import type * as sync_complete from "../sync/complete.js";
import type * as sync_enqueue from "../sync/enqueue.js";
import type * as sync_health from "../sync/health.js";
import type * as sync_page from "../sync/page.js";
import type * as sync_pause from "../sync/pause.js";
import type * as sync_progress from "../sync/progress.js";
import type * as sync_recover from "../sync/recover.js";
import type * as sync_remove from "../sync/remove.js";
import type * as sync_run from "../sync/run.js";
import type * as sync_series from "../sync/series.js";
import type * as syncRuns from "../syncRuns.js";
import type * as tables_accounts from "../tables/accounts.js";
import type * as tables_connections from "../tables/connections.js";
import type * as tables_metrics from "../tables/metrics.js";
import type * as tables_sync from "../tables/sync.js";
import type * as viewer from "../viewer.js";

/**
 * A utility for referencing Convex functions in your app's API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
declare const fullApi: ApiFromModules<{
  auth: typeof auth;
  "connecting/assist": typeof connecting_assist;
  "connecting/attempt": typeof connecting_attempt;
  "connecting/connect": typeof connecting_connect;
  "connecting/describe": typeof connecting_describe;
  "connecting/fillForm": typeof connecting_fillForm;
  "connecting/load": typeof connecting_load;
  "connecting/manage": typeof connecting_manage;
  "connecting/progress": typeof connecting_progress;
  "connecting/reach": typeof connecting_reach;
  "connecting/readAudit": typeof connecting_readAudit;
  "connecting/reconnect": typeof connecting_reconnect;
  "connecting/remove": typeof connecting_remove;
  "connecting/serverStats": typeof connecting_serverStats;
  "connecting/store": typeof connecting_store;
  "connecting/summarise": typeof connecting_summarise;
  "connecting/test": typeof connecting_test;
  connections: typeof connections;
  crons: typeof crons;
  egress: typeof egress;
  http: typeof http;
  integrations: typeof integrations;
  "lib/audit": typeof lib_audit;
  "lib/auth": typeof lib_auth;
  "lib/authHooks": typeof lib_authHooks;
  "lib/authHttp": typeof lib_authHttp;
  "lib/components": typeof lib_components;
  "lib/env": typeof lib_env;
  "lib/errors": typeof lib_errors;
  "lib/events": typeof lib_events;
  "lib/functions": typeof lib_functions;
  "lib/members": typeof lib_members;
  "lib/outbound": typeof lib_outbound;
  "lib/secrets": typeof lib_secrets;
  "lib/shapes": typeof lib_shapes;
  "lib/throttle": typeof lib_throttle;
  "lib/totals": typeof lib_totals;
  "lib/validate": typeof lib_validate;
  "lib/vault": typeof lib_vault;
  "lib/viewer": typeof lib_viewer;
  metrics: typeof metrics;
  "reading/card": typeof reading_card;
  "reading/level": typeof reading_level;
  "reading/ofConnection": typeof reading_ofConnection;
  "reading/overview": typeof reading_overview;
  "reading/rollups": typeof reading_rollups;
  "reading/runs": typeof reading_runs;
  "reading/series": typeof reading_series;
  "reading/shapes": typeof reading_shapes;
  "reading/sources": typeof reading_sources;
  "rollups/pointStore": typeof rollups_pointStore;
  "rollups/prune": typeof rollups_prune;
  "rollups/rebuild": typeof rollups_rebuild;
  "rollups/recompute": typeof rollups_recompute;
  sessions: typeof sessions;
  setup: typeof setup;
  "sync/api": typeof sync_api;
  "sync/backoff": typeof sync_backoff;
  "sync/begin": typeof sync_begin;
  "sync/claim": typeof sync_claim;
  "sync/commit": typeof sync_commit;
  "sync/complete": typeof sync_complete;
  "sync/enqueue": typeof sync_enqueue;
  "sync/health": typeof sync_health;
  "sync/page": typeof sync_page;
  "sync/pause": typeof sync_pause;
  "sync/progress": typeof sync_progress;
  "sync/recover": typeof sync_recover;
  "sync/remove": typeof sync_remove;
  "sync/run": typeof sync_run;
  "sync/series": typeof sync_series;
  syncRuns: typeof syncRuns;
  "tables/accounts": typeof tables_accounts;
  "tables/connections": typeof tables_connections;
  "tables/metrics": typeof tables_metrics;
  "tables/sync": typeof tables_sync;
  viewer: typeof viewer;
}>;
export declare const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
>;
export declare const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
>;
