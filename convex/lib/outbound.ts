/**
 * The deployment's fetch, handed out in one place: to the SDK's guarded client, which judges every hop, and to the
 * server's own numbers. tests/architecture refuses a fetch anywhere else in convex/.
 */
import type { FetchLike } from '../../src/lib/server/integrations/sdk/index.ts';

/** `init.egress` names the private hosts that the embedded deployment's own guard lets through. */
export const outboundFetch: FetchLike = (url, init) => fetch(url, init);
