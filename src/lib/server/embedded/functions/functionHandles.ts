/** Function handles: strings that outlive pushes, tell nothing, and that nobody can make up. */
import { createHmac, randomBytes } from 'node:crypto';
import {
	normalizeFunctionPath,
	type Deployment,
	type FunctionTarget,
} from '../bundles/components.ts';
import type { SqliteStorage } from '../storage/storage.ts';

const PREFIX = 'function://';
const KEY = 'handlesKey';
const KEY_BYTES = 32;
/** Set where documents may hold handles from before there was a key: the address in plain text. */
const PLAIN = 'plainHandles';

export class FunctionHandles {
	readonly #key: Buffer;
	readonly #acceptsPlain: boolean;
	/** By handle; all functions of a version, made when the first handle is used. */
	readonly #targets = new WeakMap<Deployment, Map<string, FunctionTarget>>();

	constructor(storage: Pick<SqliteStorage, 'getMeta' | 'setMeta'>) {
		const stored = storage.getMeta(KEY);
		this.#key = stored === null ? randomBytes(KEY_BYTES) : Buffer.from(stored, 'base64');
		if (stored === null) {
			if (storage.getMeta('ts') !== null) storage.setMeta(PLAIN, '1');
			storage.setMeta(KEY, this.#key.toString('base64'));
		}
		this.#acceptsPlain = storage.getMeta(PLAIN) !== null;
	}

	/** Always the same for the same function of the same component. */
	of({ component, path }: FunctionTarget): string {
		const address = `${component}\0${normalizeFunctionPath(path)}`;
		return PREFIX + createHmac('sha256', this.#key).update(address).digest('base64url');
	}

	/** null: made up, or its function is gone. */
	find(deployment: Deployment, handle: string): FunctionTarget | null {
		let targets = this.#targets.get(deployment);
		if (!targets) {
			targets = new Map();
			for (const [component, { functions }] of deployment.components) {
				for (const path of functions.keys()) {
					targets.set(this.of({ component, path }), { component, path });
				}
			}
			this.#targets.set(deployment, targets);
		}
		return targets.get(handle) ?? (this.#acceptsPlain ? parsePlain(handle) : null);
	}
}

function parsePlain(handle: string): FunctionTarget | null {
	const separator = handle.indexOf(';');
	if (!handle.startsWith(PREFIX) || separator === -1) return null;
	return { component: handle.slice(PREFIX.length, separator), path: handle.slice(separator + 1) };
}
