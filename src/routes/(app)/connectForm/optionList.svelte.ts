import type { Failure } from '../contract.ts';
import type { Choice, Failed } from './backend.ts';

/** Long enough that a word is typed, short enough to feel live. */
export const searchDelayMs = 250;

type Load = (search: string) => Promise<{ ok: true; options: Choice[] } | Failed>;

/**
 * Choices that come from the service. Asked for when the list opens and while a person types; answers that
 * arrive out of order are dropped.
 */
export class OptionList {
	options = $state.raw<Choice[]>([]);
	failure = $state.raw<Failure | null>(null);
	isLoading = $state(false);
	/** Labels of everything ever seen, so that chosen values keep theirs when the list changes. */
	#seen: Choice[] = [];
	readonly #load: Load;
	#asked = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(load: Load) {
		this.#load = load;
	}

	async load(search = ''): Promise<void> {
		clearTimeout(this.#timer);
		const turn = ++this.#asked;
		this.isLoading = true;
		const answer = await this.#load(search);
		if (turn !== this.#asked) return;
		this.isLoading = false;
		this.failure = answer.ok ? null : answer.failure;
		if (!answer.ok) return;
		const known = this.#seen.filter(
			(old) => !answer.options.some((one) => one.value === old.value),
		);
		this.#seen = [...known, ...answer.options];
		this.options = answer.options;
	}

	search(typed: string): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => void this.load(typed), searchDelayMs);
	}

	/** What was entered before has changed: the next opening asks again. */
	reset(): void {
		clearTimeout(this.#timer);
		this.#asked++;
		this.isLoading = false;
		this.failure = null;
		this.options = [];
	}

	/** The options plus chosen values that are not among them. */
	withChosen(chosen: readonly string[]): Choice[] {
		const missing = chosen
			.filter((value) => !this.options.some((choice) => choice.value === value))
			.map(
				(value) => this.#seen.find((choice) => choice.value === value) ?? { value, label: value },
			);
		return [...this.options, ...missing];
	}
}
