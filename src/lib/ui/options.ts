/** One choice of a Select or Combobox. */
export interface Option {
	value: string;
	label: string;
	/** Quiet words after or below the label. */
	description?: string;
	disabled?: boolean;
}

/** Options whose label, value or description contains every word typed, in the order given. */
export function matchOptions(options: Option[], typed: string): Option[] {
	const words = fold(typed).split(/\s+/).filter(Boolean);
	if (words.length === 0) return options;
	return options.filter((option) => {
		const text = fold(`${option.label} ${option.value} ${option.description ?? ''}`);
		return words.every((word) => text.includes(word));
	});
}

/** The label cut where the typed text matches, so that the match can be marked: [before, match, after]. */
export function markMatch(label: string, typed: string): [string, string, string] {
	const word = fold(typed.trim());
	const at = word ? fold(label).indexOf(word) : -1;
	// Folding may change the length (ß, ligatures); without a plain match nothing is marked.
	if (at < 0 || fold(label).length !== label.length) return [label, '', ''];
	return [label.slice(0, at), label.slice(at, at + word.length), label.slice(at + word.length)];
}

const fold = (text: string) =>
	text
		.normalize('NFD')
		.replace(/\p{Diacritic}/gu, '')
		.toLowerCase();
