/** What a toast says. `title` is what happened; `text` what follows from it. */
export interface Notice {
	tone?: 'good' | 'bad' | 'neutral';
	title: string;
	text?: string;
	action?: { label: string; run: () => void };
}

/** How long a toast stays, in ms: long enough to read two lines and reach its button. */
const STAY_MS = 6000;

let preparePlace = async () => {};

/** The Toaster says how to bring itself; it is asked before each toast. */
export function setToastPlace(prepare: () => Promise<void>): void {
	preparePlace = prepare;
}

/** Shows a toast. Loads the library on first use, so pages that never toast do not pay for it. */
export async function notify({ tone = 'neutral', title, text, action }: Notice): Promise<void> {
	const [{ toast }] = await Promise.all([import('svelte-sonner'), preparePlace()]);
	const show = { good: toast.success, bad: toast.error, neutral: toast }[tone];
	show(title, {
		description: text,
		duration: STAY_MS,
		action: action && { label: action.label, onClick: action.run },
	});
}
