/** The state machine finds planted bugs: each of these, made on the server's end of the wire, breaks one promise. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './machine.ts';
import { script, type Script } from './script.ts';
import type { Message, Sabotage, Wire } from './wire.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
	world = await openWorld();
});
afterAll(() => world?.close());

const START = 'AAAAAAAAAAA=';
const ZERO = { querySet: 0, identity: 0, ts: START };
/** State of a bug, per connection. */
const memory = new WeakMap<Wire, { seen: number; kept: unknown[] }>();
const remember = (wire: Wire) => {
	let known = memory.get(wire);
	if (!known) memory.set(wire, (known = { seen: 0, kept: [] }));
	return known;
};
const isShown = (message: Message) =>
	message.type === 'Transition' && (message.modifications as unknown[]).length > 0;

const bugs: { promise: string; sabotage: Sabotage }[] = [
	{
		promise: 'I1',
		sabotage: {
			name: 'a Transition is never sent',
			fromServer: (message, wire) =>
				message.type === 'Transition' && remember(wire).seen++ === 1 ? [] : [message],
		},
	},
	{
		promise: 'I1',
		sabotage: {
			name: 'a Transition is based on the beginning',
			fromServer: (message, wire) =>
				message.type === 'Transition' && remember(wire).seen++ === 2
					? [{ ...message, startVersion: ZERO }]
					: [message],
		},
	},
	{
		promise: 'I2',
		sabotage: {
			name: 'the Transition that a mutation waits for comes before its results',
			fromServer: (message, wire) => {
				if (!isShown(message)) return [message];
				const { kept } = remember(wire);
				const late = kept.splice(0, kept.length, ...(message.modifications as unknown[]));
				return [{ ...message, modifications: late }];
			},
		},
	},
	{
		promise: 'I3',
		sabotage: {
			name: 'a mutation sent again is made again',
			toServer: (message) =>
				message.type === 'Connect' ? [{ ...message, sessionId: randomUUID() }] : [message],
		},
	},
	{
		promise: 'I3',
		sabotage: {
			name: 'a mutation is answered, but not made',
			toServer: (message, wire) => {
				const isLost = message.type === 'Mutation' && remember(wire).seen++ % 2 === 1;
				return [isLost ? { ...message, udfPath: 'bank:transfers', type: 'Mutation' } : message];
			},
		},
	},
	{
		promise: 'I4',
		sabotage: {
			name: 'a changed result is not told',
			fromServer: (message, wire) =>
				isShown(message) && remember(wire).seen++ > 0
					? [{ ...message, modifications: (message.modifications as unknown[]).slice(1) }]
					: [message],
		},
	},
	{
		promise: 'I5',
		sabotage: {
			name: 'the results of one screen are of two timestamps',
			fromServer: (message) => {
				const modifications = message.modifications as unknown[] | undefined;
				if (message.type !== 'Transition' || modifications!.length < 2) return [message];
				const { startVersion } = message;
				return [
					{ ...message, endVersion: startVersion, modifications: modifications!.slice(0, 1) },
					{ ...message, modifications: modifications!.slice(1) },
				];
			},
		},
	},
	{
		promise: 'I6',
		sabotage: {
			name: 'who breaks the protocol hears nothing',
			hidesClose: true,
			fromServer: (message) => (message.type === 'FatalError' ? [] : [message]),
		},
	},
	{
		promise: 'I6',
		sabotage: {
			name: 'an innocent client is told FatalError',
			fromServer: (message, wire) =>
				message.type === 'Transition' && remember(wire).seen++ === 3
					? [message, { type: 'FatalError', error: 'planted' }]
					: [message],
		},
	},
];

const ATTEMPTS = 60;

test.each(bugs)(
	'R13 control: $promise is broken when $sabotage.name',
	async (bug) => {
		const found: string[] = [];
		for (let seed = 1; seed <= ATTEMPTS && found.length === 0; seed++) {
			const [{ steps, faults }] = fc.sample(script, { numRuns: 1, seed }) as [Script];
			const quiet = steps.filter((step) => step.do !== 'push' && step.do !== 'restart');
			const violations = await run(world, { steps: quiet, faults }, bug.sabotage);
			found.push(...violations.filter((text) => text.startsWith(bug.promise)));
		}
		expect(found.length).toBeGreaterThan(0);
	},
	240_000,
);
