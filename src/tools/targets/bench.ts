/** `npm run bench -- <name> [arguments]`: one benchmark of tests/bench; without a name, the list. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { runFile } from '../childProcess.ts';
import { root } from '../root.ts';

const names = readdirSync(path.join(root, 'tests/bench'))
	.filter((file) => file.endsWith('.bench.ts'))
	.map((file) => file.replace('.bench.ts', ''));
const [name, ...args] = process.argv.slice(2);

if (!name) {
	console.log(`benchmarks: ${names.join(', ')}`);
} else if (!names.includes(name)) {
	console.error(`There is no benchmark "${name}". There are: ${names.join(', ')}`);
	process.exitCode = 1;
} else {
	process.exitCode = await runFile(`tests/bench/${name}.bench.ts`, args);
}
