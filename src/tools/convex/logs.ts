/** `npm run convex -- logs` */
import { runOfficial, TARGET_FLAGS } from './officialCli.ts';

export const usage = `usage: npm run convex -- logs [flags]

Follows the functions that run: their console lines, errors and, if asked for, successes.
  --success           also those that printed nothing
  --history [n]       what is still in memory, first
  --jsonl             one JSON object per execution

${TARGET_FLAGS}`;

export const run = (args: string[]): Promise<number> => runOfficial('logs', args);
