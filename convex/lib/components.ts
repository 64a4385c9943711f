/**
 * References to the mounted components (convex.config.ts), typed here rather than in _generated: the offline code
 * generator writes no component types, and its output is committed exactly as it comes.
 */
import type { ComponentApi as BetterAuthApi } from '@convex-dev/better-auth/_generated/component.js';
import type { ComponentApi as RateLimiterApi } from '@convex-dev/rate-limiter/_generated/component.js';
import { componentsGeneric } from 'convex/server';

export const components = componentsGeneric() as unknown as {
	betterAuth: BetterAuthApi<'betterAuth'>;
	rateLimiter: RateLimiterApi<'rateLimiter'>;
};
