import type { Plant } from './plant.ts';
import { EDGES } from './plants/edges.ts';
import { FUNCTIONS } from './plants/functions.ts';
import { LIMITS } from './plants/limits.ts';
import { OFFICIAL } from './plants/official.ts';
import { OPERATE } from './plants/operate.ts';
import { SEARCH } from './plants/search.ts';
import { STORAGE } from './plants/storage.ts';

export const PLANTS: readonly Plant[] = [
	...EDGES,
	...FUNCTIONS,
	...LIMITS,
	...OFFICIAL,
	...OPERATE,
	...SEARCH,
	...STORAGE,
];
