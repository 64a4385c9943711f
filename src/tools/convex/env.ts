/** `npm run convex -- env` */
import { runOfficial, TARGET_FLAGS } from './officialCli.ts';

export const usage = `usage: npm run convex -- env <list|get|set|remove> [<name> [<value>]] [flags]

Deployment variables. Functions see a change at once, and live queries run again.
  --from-file <file>  for set: all variables of a file

${TARGET_FLAGS}`;

export const run = (args: string[]): Promise<number> => runOfficial('env', args);
