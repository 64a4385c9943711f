// Written by src/tools/generateServices.ts (npm run integrations); a check fails on drift.
import type { BaseIntegration } from './sdk/index.ts';
// development, hybrid, 365 days of history
import { GitHub } from './github/index.ts';
// operations, hybrid, 30 days of history
import { Prometheus } from './prometheus/index.ts';
// operations, snapshot, no history
import { ThisServer } from './this-server/index.ts';

/** Every integration there is: what is not in this list does not exist. */
export const services: readonly (new () => BaseIntegration)[] = [GitHub, Prometheus, ThisServer];
