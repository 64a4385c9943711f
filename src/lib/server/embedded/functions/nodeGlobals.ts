/** What Node has and the default runtime does not: Convex docs, "Runtimes", lists what there is. */
export const NODE_GLOBALS = ['Buffer', 'setImmediate', 'clearImmediate'];

const PREFIX = '__onlyInNode_';
const MISSING = new RegExp(`\\b${PREFIX}(\\w+) is not defined`);

/** What bundles of the default runtime say instead of the global's name. */
export const missingName = (name: string): string => PREFIX + name;

/** A ReferenceError's text, with the name its author wrote. */
export function explainMissingGlobal(text: string): string {
	const found = MISSING.exec(text);
	if (!found) return text;
	return text.replace(
		found[0],
		`${found[1]} is not defined. It exists only in Node: use it in an action of a file with "use node" at the top, or do ` +
			'without it',
	);
}
