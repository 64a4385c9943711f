import type { BaseIntegration } from './sdk/index.ts';
export const services: (new () => BaseIntegration)[] = [];
