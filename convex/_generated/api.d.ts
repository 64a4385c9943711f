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
import type * as http from "../http.js";
import type * as lib_audit from "../lib/audit.js";
import type * as lib_auth from "../lib/auth.js";
import type * as lib_authHooks from "../lib/authHooks.js";
import type * as lib_authHttp from "../lib/authHttp.js";
import type * as lib_components from "../lib/components.js";
import type * as lib_errors from "../lib/errors.js";
import type * as lib_events from "../lib/events.js";
import type * as lib_functions from "../lib/functions.js";
import type * as lib_members from "../lib/members.js";
import type * as lib_secrets from "../lib/secrets.js";
import type * as lib_throttle from "../lib/throttle.js";
import type * as lib_validate from "../lib/validate.js";
import type * as lib_viewer from "../lib/viewer.js";
import type * as sessions from "../sessions.js";
import type * as setup from "../setup.js";
import type * as tables_accounts from "../tables/accounts.js";
import type * as tables_connections from "../tables/connections.js";
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
  http: typeof http;
  "lib/audit": typeof lib_audit;
  "lib/auth": typeof lib_auth;
  "lib/authHooks": typeof lib_authHooks;
  "lib/authHttp": typeof lib_authHttp;
  "lib/components": typeof lib_components;
  "lib/errors": typeof lib_errors;
  "lib/events": typeof lib_events;
  "lib/functions": typeof lib_functions;
  "lib/members": typeof lib_members;
  "lib/secrets": typeof lib_secrets;
  "lib/throttle": typeof lib_throttle;
  "lib/validate": typeof lib_validate;
  "lib/viewer": typeof lib_viewer;
  sessions: typeof sessions;
  setup: typeof setup;
  "tables/accounts": typeof tables_accounts;
  "tables/connections": typeof tables_connections;
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
