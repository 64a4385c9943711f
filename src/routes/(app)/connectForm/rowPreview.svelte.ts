import type { Failed } from './backend.ts';

/** A query is asked once typing rests; every key press would be a call to somebody's server. */
export const previewDelayMs = 450;

export type PreviewState =
	| { kind: 'idle' }
	| { kind: 'checking' }
	| { kind: 'ok'; text: string; value: number | null }
	| { kind: 'failed'; code: string; text: string };

type Ask = () => Promise<{ ok: true; text: string; value: number | null } | Failed>;

/** The current value of one query while it is being written. Only the newest question's answer is shown. */
export class RowPreview {
	state = $state.raw<PreviewState>({ kind: 'idle' });
	#turn = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** Asks after a pause; an earlier question that is still under way is forgotten. */
	schedule(ask: Ask): void {
		this.clear();
		this.state = { kind: 'checking' };
		this.#timer = setTimeout(() => void this.#run(ask), previewDelayMs);
	}

	clear(): void {
		clearTimeout(this.#timer);
		this.#turn++;
		this.state = { kind: 'idle' };
	}

	async #run(ask: Ask): Promise<void> {
		const turn = ++this.#turn;
		const answer = await ask();
		if (turn !== this.#turn) return;
		this.state = answer.ok
			? { kind: 'ok', text: answer.text, value: answer.value }
			: { kind: 'failed', code: answer.failure.code, text: answer.failure.message };
	}
}
