/**
 * What the functions of connections call. Plain helpers that take `ctx` and run in the caller's transaction; all trust
 * the caller to have checked that the connection belongs to the viewer's workspace.
 */
export { enqueueFirstSync, requestSync } from './enqueue.ts';
export { pauseSync, restartSync, resumeSync } from './pause.ts';
export { ensureSeries } from './series.ts';
export { healthOf, healthOfState, type ConnectionHealth } from './health.ts';
export { progressOf, vProgress, type Progress } from './progress.ts';
export { removalImpactOf, removeConnectionData } from './remove.ts';
export { pointsIn24h, seriesOfConnection, vConnectionSeries } from '../reading/ofConnection.ts';
export { changeTimeZone } from '../rollups/rebuild.ts';
