import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from './root.ts';

/**
 * Writes a generated file, or with `--check` only compares it: drift prints what to run and makes the exit code 1.
 * `file` is relative to the repository. The text is formatted first, so that the format check never disagrees with us.
 */
export async function writeOrCheck(file: string, text: string, args: string[]): Promise<void> {
	const target = path.join(root, file);
	const options = await resolveConfig(target);
	const wanted = await format(text, { ...options, filepath: target });
	const found = await readFile(target, 'utf8').catch(() => null);
	if (found === wanted) return;
	if (args.includes('--check')) {
		console.error(`${file} is not what the integrations say. Run: npm run integrations`);
		process.exitCode = 1;
		return;
	}
	await writeFile(target, wanted);
	console.log(`wrote ${file}`);
}
