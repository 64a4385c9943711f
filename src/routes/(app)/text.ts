/** "1 call", "1,240 calls". */
export function countOf(count: number, one: string, many = `${one}s`): string {
	return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** Up to two letters standing for a person or an account without a picture. */
export function initialsOf(name: string): string {
	const [first = '', second] = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
	return second ? `${first.charAt(0)}${second.charAt(0)}`.toUpperCase() : first.slice(0, 2);
}

/** "Today 13:38" and "Yesterday 02:00" in the middle of a sentence. */
export function inSentence(moment: string): string {
	return moment.replace(/^(Today|Yesterday)/, (word) => word.toLowerCase());
}
