/** `npm run convex -- run` */
import { runOfficial, TARGET_FLAGS } from './officialCli.ts';

export const usage = `usage: npm run convex -- run <module:function> [<arguments as JSON>] [flags]

Calls a function, internal ones too, and prints what it returns.
  --watch             prints a query again whenever its result changes
  --identity <json>   acts as this user
  --component <path>  a function of a component

${TARGET_FLAGS}`;

export const run = (args: string[]): Promise<number> => runOfficial('run', args);
