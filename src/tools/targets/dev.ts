/** `npm run dev`: Vite with the embedded deployment inside; pages and functions reload, data and subscriptions stay. */
import { runBin } from '../childProcess.ts';

process.exitCode = await runBin('vite', ['dev', ...process.argv.slice(2)]);
