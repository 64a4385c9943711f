import { defineSchema } from 'convex/server';
import { accountTables } from './tables/accounts.ts';
import { connectionTables } from './tables/connections.ts';
import { metricTables } from './tables/metrics.ts';
import { syncTables } from './tables/sync.ts';

/** Each file under tables/ says, per table, who inserts, who patches and who deletes. */
export default defineSchema({
	...accountTables,
	...connectionTables,
	...metricTables,
	...syncTables,
});
