/** `npm run integrations [-- --check]`: the two files derived from the integrations, in the order they depend on. */
import { runFile } from '../childProcess.ts';

const args = process.argv.slice(2).filter((arg) => arg.startsWith('--'));
for (const file of ['src/tools/generateServices.ts', 'src/tools/roadmap.ts']) {
	const code = await runFile(file, args);
	if (code !== 0) process.exitCode = code;
}
