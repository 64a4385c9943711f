/** What a key press means to the whole app. Pages listen for their own keys beside it. */
export type ShortcutAction =
	| { do: 'search' }
	| { do: 'focusSearch' }
	| { do: 'help' }
	| { do: 'goTo'; key: string }
	| { do: 'awaitGoTo' };

export interface KeyPress {
	key: string;
	ctrlKey: boolean;
	metaKey: boolean;
	altKey: boolean;
	/** The person is writing: single letters are theirs. */
	isTyping: boolean;
	/** G was pressed a moment ago. */
	isAfterG: boolean;
	/** The person switched single letters off. */
	areLettersOff: boolean;
}

/** How long after G the next letter still counts, ms. */
export const GO_TO_WINDOW_MS = 1200;

/** Null when the key press means nothing here. */
export function shortcutFor(press: KeyPress): ShortcutAction | null {
	const key = press.key.toLowerCase();
	if ((press.ctrlKey || press.metaKey) && !press.altKey)
		return key === 'k' ? { do: 'search' } : null;
	if (press.altKey || press.isTyping || press.areLettersOff) return null;
	if (press.isAfterG && /^[a-z]$/.test(key)) return { do: 'goTo', key };
	if (key === 'g') return { do: 'awaitGoTo' };
	if (key === '/') return { do: 'focusSearch' };
	return key === '?' ? { do: 'help' } : null;
}

/** Whether a key press belongs to a field, a list or a dialog and not to the page. */
export function isTypingIn(target: EventTarget | null): boolean {
	if (!(target instanceof HTMLElement)) return false;
	return (
		target.isContentEditable ||
		target.matches(
			'input:not([type=radio], [type=checkbox]), textarea, select, [role=menu] *, [role=listbox] *',
		) ||
		target.closest('dialog[open]') !== null
	);
}

const LETTERS_KEY = 'tributary-letters';

/** Single-letter shortcuts can be switched off, for people who speak to their computer. Kept in this browser. */
export function areLettersOff(): boolean {
	try {
		return localStorage.getItem(LETTERS_KEY) === 'off';
	} catch {
		return false;
	}
}

export function switchLetters(on: boolean): void {
	try {
		localStorage.setItem(LETTERS_KEY, on ? 'on' : 'off');
	} catch {
		// Without storage they stay on; nothing is lost.
	}
}

/** Whether a page should act on a single letter now. */
export function isPlainKey(event: KeyboardEvent): boolean {
	return (
		!event.ctrlKey &&
		!event.metaKey &&
		!event.altKey &&
		!event.defaultPrevented &&
		!isTypingIn(event.target) &&
		!areLettersOff()
	);
}
