/** A deployment of the `limits` fixture on a loopback port, with official clients. */
import path from 'node:path';
import { anyApi } from 'convex/server';
import type { EmbeddedOptions } from '../../../src/lib/server/embedded/index.ts';
import { served } from '../clients/clientHarness.ts';
import type { Served } from '../clients/serve.ts';

export const FOLDER = path.resolve(import.meta.dirname, '../fixtures/limits/convex');
export const api = anyApi;

export const serveLimits = (
	options: Partial<EmbeddedOptions> & { dataDir?: string } = {},
): Promise<Served> => served({ functionsDir: FOLDER, isDevelopment: true, ...options });
