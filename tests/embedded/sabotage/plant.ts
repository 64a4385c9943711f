/** A bug to plant, and the test that must find it. */
export interface Plant {
	/** What the bug does, in a few words; unique. */
	name: string;
	/** Test file below tests/embedded, without `.test.ts`. */
	suite: string;
	/** File below src/lib/server/embedded. */
	file: string;
	/** Occurs exactly once in the file: a plant that no longer fits its place is noticed. */
	from: string;
	to: string;
	/** Part of the full name (groups included) of a test that must be among those that fail. */
	red: string;
	/** Takes more than about 15 s on an idle machine: left out of samples. */
	isSlow?: true;
}

/** The file of a plant, relative to the repository. */
export function plantedFile(plant: Plant): string {
	return `src/lib/server/embedded/${plant.file}`;
}

/** The test file of a suite, relative to the repository. */
export function suiteFile(suite: string): string {
	return `tests/embedded/${suite}.test.ts`;
}

/** The text with the bug in it. Throws when `from` is not there exactly once. */
export function applyPlant(plant: Plant, text: string): string {
	const count = text.split(plant.from).length - 1;
	if (count !== 1) {
		throw new Error(
			`The plant "${plant.name}" finds its place ${count} times in ${plantedFile(plant)}; it must be there once. Change its \`from\` with the code it breaks.`,
		);
	}
	return text.replace(plant.from, () => plant.to);
}
