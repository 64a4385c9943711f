import type { Manifest } from '../../../lib/server/integrations/sdk/manifest.ts';
import type { Failure } from '../contract.ts';
import type { ConnectFormBackend, Failed, FormInput, TestPassed } from './backend.ts';
import {
	missingFields,
	placeFailure,
	reasonNotToConnect,
	rowField,
	rowOf,
	type FieldErrors,
} from './check.ts';
import { failureFrom } from './failures.ts';
import { authOptionOf, layoutOf, propertiesOf, unmetDependencies } from './properties.ts';
import {
	emptyRow,
	initialValues,
	isBlankRow,
	isFilled,
	payloadOf,
	sentRow,
	withoutSecrets,
	type FormValue,
	type FormValues,
	type Json,
	type QueryRow,
} from './values.ts';

export type Busy = 'testing' | 'saving' | 'allowing' | null;

export interface ConnectFormOptions {
	manifest: Manifest;
	backend: ConnectFormBackend;
	name: string;
	/** What is known already: stored settings while reconnecting, or an address handed over by another page. */
	known?: Record<string, Json>;
	authId?: string;
	/** While reconnecting, an empty credential of the stored auth option means "keep the stored one". */
	isReconnect?: boolean;
}

/**
 * A connect form between the first key press and the stored connection. A test speaks for the exact values it
 * was made with: any edit drops its result, and an answer that arrives after an edit is ignored.
 */
export class ConnectFormState {
	readonly manifest: Manifest;
	readonly isReconnect: boolean;
	readonly #backend: ConnectFormBackend;
	readonly #storedAuthId: string | undefined;
	/** Counts edits; an answer belongs to the edit it was asked at. */
	#revision = 0;
	#rowCount = 0;

	name = $state('');
	authId = $state('');
	values = $state<FormValues>({});
	errors = $state<FieldErrors>({});
	panel = $state.raw<Failure | null>(null);
	result = $state.raw<TestPassed | null>(null);
	busy = $state<Busy>(null);
	/** Counts allowed addresses, so that previews refused before ask again. */
	allowedCount = $state(0);

	constructor(options: ConnectFormOptions) {
		this.manifest = options.manifest;
		this.isReconnect = options.isReconnect ?? false;
		this.#backend = options.backend;
		this.#storedAuthId = options.authId;
		this.name = options.name;
		this.authId = authOptionOf(options.manifest, options.authId ?? '')?.id ?? '';
		const everything = [
			...options.manifest.auth.flatMap((option) => option.properties),
			...options.manifest.settings,
		];
		this.values = initialValues(everything, options.known);
		this.#rowCount = 1000; // Rows made here never share a key with the ones made from stored values.
	}

	authOption = $derived.by(() => authOptionOf(this.manifest, this.authId));
	properties = $derived.by(() => propertiesOf(this.manifest, this.authId));
	layout = $derived.by(() => layoutOf(this.manifest, this.authId));
	isTested = $derived.by(() => this.result !== null);
	/** Everything the chosen way of signing in asks for is sealed, a user name too. */
	credentials = $derived.by(() => this.authOption?.properties.map(({ name }) => name) ?? []);
	/** Credentials that may stay empty because they are stored, unless another way of signing in was chosen. */
	kept = $derived.by(() =>
		this.isReconnect && this.authId === this.#storedAuthId ? this.credentials : [],
	);
	reasonNotToConnect = $derived.by(() =>
		reasonNotToConnect({
			errorCount: Object.keys(this.errors).length,
			hasPanel: this.panel !== null,
			isTested: this.isTested,
			isTesting: this.busy === 'testing' || this.busy === 'allowing',
		}),
	);

	/** Where and as whom the service is asked: everything a preview depends on beside its own row. */
	origin = $derived.by(() => [
		this.authId,
		...this.properties
			.filter(({ kind }) => kind === 'url' || kind === 'text' || kind === 'secret')
			.map(({ name }) => String(this.values[name] ?? '')),
	]);

	get input(): FormInput {
		return {
			authId: this.authId,
			values: payloadOf(this.properties, $state.snapshot(this.values), this.credentials),
		};
	}

	/** Labels of what must be filled in before this property can offer choices or previews. */
	waitsFor(name: string): string[] {
		const property = this.properties.find((candidate) => candidate.name === name);
		if (!property) return [];
		return unmetDependencies(
			property,
			this.properties,
			(other) => this.kept.includes(other) || isFilled(this.values[other]),
		);
	}

	setValue(name: string, value: FormValue): void {
		this.values[name] = value;
		this.#edited(name);
	}

	setAuth(authId: string): void {
		if (authId === this.authId) return;
		this.authId = authId;
		this.#edited();
		this.errors = {};
	}

	addRow(name: string): string {
		const row = emptyRow(`${name}-${this.#rowCount++}`);
		this.setValue(name, [...((this.values[name] ?? []) as QueryRow[]), row]);
		return row.rowKey;
	}

	setRow(name: string, index: number, change: Partial<Omit<QueryRow, 'rowKey'>>): void {
		const rows = (this.values[name] ?? []) as QueryRow[];
		this.values[name] = rows.map((row, at) => (at === index ? { ...row, ...change } : row));
		for (const cell of Object.keys(change)) delete this.errors[`${name}.${index}.${cell}`];
		this.#edited();
	}

	removeRow(name: string, index: number): void {
		const rows = ((this.values[name] ?? []) as QueryRow[]).filter((_, at) => at !== index);
		this.setValue(name, rows.length > 0 ? rows : [emptyRow(`${name}-${this.#rowCount++}`)]);
	}

	/** Asks the service who we are. Resolves to true when it passed for the values still on the page. */
	async test(): Promise<boolean> {
		if (this.busy) return false;
		this.result = null;
		this.panel = null;
		this.errors = missingFields(this.properties, this.values, this.kept);
		if (Object.keys(this.errors).length > 0) return false;
		const revision = ++this.#revision;
		this.busy = 'testing';
		const answer = await this.#ask(() => this.#backend.test(this.input));
		this.busy = null;
		if (revision !== this.#revision) return false;
		if (answer.ok) this.result = answer;
		else this.#place(answer.failure);
		return answer.ok;
	}

	/** Allows the private address the test was refused for, then tests again. */
	async allow(host: string): Promise<boolean> {
		if (this.busy) return false;
		this.busy = 'allowing';
		const answer = await this.#ask(async () => {
			await this.#backend.allowHost(host);
			return { ok: true as const };
		});
		this.busy = null;
		if (!answer.ok) {
			this.panel = answer.failure;
			return false;
		}
		this.allowedCount++;
		return this.test();
	}

	/** Stores the tested values. Resolves to the connection's id, or null with the failure placed. */
	async save(): Promise<string | null> {
		if (this.busy || !this.isTested) return null;
		this.busy = 'saving';
		const answer = await this.#ask(() =>
			this.#backend.save({ ...this.input, name: this.name.trim() }),
		);
		this.busy = null;
		if (!answer.ok) {
			this.result = null;
			this.#place(answer.failure);
			return null;
		}
		this.forgetSecrets();
		return answer.connectionId;
	}

	loadOptions(property: string, search: string) {
		return this.#ask(() =>
			this.#backend.options({ ...this.input, property, ...(search ? { search } : {}) }),
		);
	}

	async preview(property: string, row: QueryRow) {
		const answer = await this.#ask(() =>
			this.#backend.preview({ ...this.input, property, item: sentRow(row) }),
		);
		// The way out of a refused address must not wait for somebody to press Test.
		if (!answer.ok && answer.failure.code === 'PRIVATE_ADDRESS' && !this.panel && !this.isTested)
			this.#place(answer.failure);
		return answer;
	}

	/** Called after storing and when the page goes away. */
	forgetSecrets(): void {
		const all = this.manifest.auth.flatMap((option) => option.properties);
		this.values = withoutSecrets([...all, ...this.manifest.settings], this.values);
	}

	#edited(name?: string): void {
		this.#revision++;
		this.result = null;
		this.panel = null;
		if (!name) return;
		for (const field of Object.keys(this.errors))
			if (field === name || field.startsWith(`${name}.`)) delete this.errors[field];
	}

	#place(failure: Failure): void {
		const placed = placeFailure(failure, this.properties);
		this.errors = this.#atRows(placed.fields);
		this.panel = placed.panel;
	}

	/** Moves sentences about one row to its query. The server counts the rows it was sent, without blank ones. */
	#atRows(errors: FieldErrors): FieldErrors {
		const moved = { ...errors };
		for (const { name } of this.properties.filter(({ kind }) => kind === 'queries')) {
			const rows = (this.values[name] ?? []) as QueryRow[];
			const sent = rows.filter((row) => !isBlankRow(row));
			const found = rowOf(errors[name] ?? '', sent);
			if (!found) continue;
			const at = rows.findIndex((row) => row.rowKey === sent[found.index]?.rowKey);
			delete moved[name];
			moved[rowField(name, at, 'query')] = found.message;
		}
		return moved;
	}

	async #ask<T extends { ok: true }>(call: () => Promise<T | Failed>): Promise<T | Failed> {
		try {
			return await call();
		} catch (error) {
			return { ok: false, failure: failureFrom(error) };
		}
	}
}
