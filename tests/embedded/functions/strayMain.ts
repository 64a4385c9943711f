/** Run as a process of its own: what user code leaves unhandled must not end it. */
import { openRunner } from './support.ts';

const app = await openRunner('runtime');
const first = await app.mutate('globals:stray');
const second = await app.act('globals:strayTimer');
await new Promise((resolve) => setTimeout(resolve, 20));
const strays = app.events.filter(({ event }) => event === 'function.strayError');
console.log(JSON.stringify({ first, second, strays: strays.map(({ error }) => error) }));
const own = new Error('of the server itself');
if (process.argv[2] === 'rejection') void Promise.reject(own);
if (process.argv[2] === 'exception') {
	setTimeout(() => {
		throw own;
	}, 0);
}
await new Promise((resolve) => setTimeout(resolve, 20));
console.log('still here');
await app.close();
