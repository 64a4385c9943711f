import type { Failure } from '../contract.ts';
import type { Json } from './values.ts';

/** Who the service says we are. */
export interface Account {
	id: string;
	name: string;
	details: { label: string; value: string }[];
}

/** A passed test: nothing is stored yet. */
export interface TestPassed {
	ok: true;
	account: Account;
	durationMs: number;
	calls: number;
	permissions: { metricId: string; name: string; readable: boolean; reason?: string }[];
	/** What fetching the history costs; null when the service keeps none. */
	estimate: { calls: number; pages: number; days: number } | null;
}

export type Failed = { ok: false; failure: Failure };
export interface Choice {
	value: string;
	label: string;
	description?: string;
}

/** What every call sends: the chosen auth option and the values typed in. */
export interface FormInput {
	authId: string;
	values: Record<string, Json>;
}

/** The calls a connect form makes. The page binds them to the service or to the connection being reconnected. */
export interface ConnectFormBackend {
	test(input: FormInput): Promise<TestPassed | Failed>;
	options(
		input: FormInput & { property: string; search?: string },
	): Promise<{ ok: true; options: Choice[] } | Failed>;
	preview(
		input: FormInput & { property: string; item: Json },
	): Promise<{ ok: true; text: string; value: number | null } | Failed>;
	/** Stores and starts the first sync; on reconnect the id is the same connection's. */
	save(input: FormInput & { name: string }): Promise<{ ok: true; connectionId: string } | Failed>;
	/** Owner only, audited. */
	allowHost(host: string): Promise<void>;
}
