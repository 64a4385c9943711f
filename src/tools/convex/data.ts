/** `npm run convex -- data` */
import { runOfficial, TARGET_FLAGS } from './officialCli.ts';

export const usage = `usage: npm run convex -- data [<table>] [flags]

Lists the tables, or the documents of one, newest first.
  --limit <n>  --order <asc|desc>  --component <path>  --format <json|jsonArray|jsonLines|pretty>

${TARGET_FLAGS}`;

export const run = (args: string[]): Promise<number> => runOfficial('data', args);
