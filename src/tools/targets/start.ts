/** `npm start`: build if needed, then serve. The server runs in this process, so a signal reaches it directly. */
import { buildOnce } from '../buildOnce.ts';

await buildOnce();
await import('../../server.ts');
