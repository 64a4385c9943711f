import { describe, expect, it } from 'vitest';
import { BUILT_IN } from '../embedded/sabotage/builtIn.ts';
import { applyPlant, plantedFile, suiteFile } from '../embedded/sabotage/plant.ts';
import { PLANTS } from '../embedded/sabotage/plants.ts';
import { readText, repositoryFiles } from './support.ts';

/** `npm run sabotage` plants the bugs; here is what can be said of them without. */
describe('planted bugs of the embedded deployment', () => {
	const files = new Set(repositoryFiles());
	const suites = [...files]
		.map((file) => /^tests\/embedded\/(.+)\.test\.ts$/.exec(file)?.[1])
		.filter((suite) => suite !== undefined);

	it('every plant finds its place exactly once, and changes it', () => {
		for (const plant of PLANTS) {
			const sound = readText(plantedFile(plant));
			expect(applyPlant(plant, sound), plant.name).not.toBe(sound);
		}
	});

	it('a plant whose place is gone, or there twice, is refused', () => {
		const plant = PLANTS[0]!;
		for (const text of ['', plant.from.repeat(2)]) {
			expect(() => applyPlant(plant, text)).toThrow(plant.name);
		}
	});

	it('names are unique', () => {
		const names = PLANTS.map(({ name }) => name);
		expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
	});

	it('every suite has a plant, or a control of its own', () => {
		const covered = new Set([...PLANTS, ...BUILT_IN].map(({ suite }) => suite));
		expect(
			suites.filter((suite) => !covered.has(suite)),
			'add a plant to tests/embedded/sabotage/plants',
		).toEqual([]);
	});

	it('what is listed is there', () => {
		for (const { suite } of [...PLANTS, ...BUILT_IN]) expect(files).toContain(suiteFile(suite));
		for (const { suite, control } of BUILT_IN) {
			if (control !== null) expect(readText(suiteFile(suite)), suite).toContain(control);
		}
	});
});
