/**
 * Runs a script of what clients, network and operator do against a real deployment, and says which promises of the
 * protocol were broken.
 *
 * I1 versions chain exactly · I2 a mutation is done only when its write is shown · I3 each mutation works exactly once ·
 * I4 after all is quiet every subscription shows what a fresh query answers · I5 no screen mixes two commits ·
 * I6 who breaks the protocol is told or cut off, and nobody else is.
 */
import { OfficialClient } from './officialClient.ts';
import { ACCOUNTS } from './protocolModel.ts';
import { RawClient, type ClientOptions, type Subscription } from './rawClient.ts';
import { FORBIDDEN, USERS, WHAT, type Script } from './script.ts';
import type { Sabotage } from './wire.ts';
import type { World } from './world.ts';

const QUIET_MS = 60_000;
let rooms = 0;

/** Broken promises; none is as it should be. */
export async function run(
	world: World,
	{ steps, faults }: Script,
	sabotage?: Sabotage,
): Promise<string[]> {
	const room = `room-${process.pid}-${rooms++}`;
	const violations: string[] = [];
	const options = (client: number): ClientOptions => ({
		url: () => `${world.origin.replace('http', 'ws')}/api/1.48.0/sync`,
		violate: (text) => violations.push(text),
		sabotage,
		faults: faults[client]!.map((list) => [...list]),
	});
	const raws = [new RawClient(options(1)), new RawClient(options(2))];
	const clients = [new OfficialClient(options(0)), ...raws];
	const subscription = (name: string): Subscription => {
		const [kind, account] = name.split('/');
		if (kind === 'balance') {
			return { name, udfPath: 'bank:balance', args: { room, name: account! } };
		}
		if (kind === 'transfers') return { name, udfPath: 'bank:transfers', args: { room } };
		return { name, udfPath: kind === 'me' ? 'bank:me' : 'build:number', args: {} };
	};
	for (const client of clients) {
		for (const name of WHAT.slice(0, 4)) client.subscribe(subscription(name));
	}
	const answers: Promise<void>[] = [];
	const broken: { wire: NonNullable<RawClient['wire']>; why: string }[] = [];
	let transfers = 0;

	for (const step of steps) {
		switch (step.do) {
			case 'transfer': {
				const text = `${transfers++}:${ACCOUNTS[step.from]}>${ACCOUNTS[step.to]}:${step.amount}`;
				answers.push(clients[step.who]!.mutate('bank:transfer', room, text));
				break;
			}
			case 'refuse':
				answers.push(clients[step.who]!.mutate('bank:refuse', room, `refused-${transfers++}`));
				break;
			case 'cut':
				clients[step.who]!.reconnect();
				break;
			case 'subscribe':
				clients[step.who]!.subscribe(subscription(WHAT[step.what]!));
				break;
			case 'unsubscribe':
				clients[step.who]!.unsubscribe(WHAT[step.what]!);
				break;
			case 'signIn':
				clients[step.who]!.authenticate(world.tokens.get(USERS[step.user]!)!);
				break;
			case 'signOut':
				clients[step.who]!.authenticate(null);
				break;
			case 'badToken':
				// The official client would give up on its own; the message-level ones come back as nobody.
				if (step.who === 0) break;
				clients[step.who]!.authenticate('not.a.token');
				break;
			case 'violate': {
				const client = clients[step.who]!;
				if (!(client instanceof RawClient) || !client.wire?.isOpen) break;
				client.wire.sendRaw(FORBIDDEN[step.how]!);
				break;
			}
			case 'wait':
				await new Promise((resolve) => setTimeout(resolve, step.ms));
				break;
			case 'turn':
				await new Promise((resolve) => setImmediate(resolve));
				break;
			case 'push':
				await world.push();
				break;
			case 'restart':
				await world.restart();
		}
		for (const { wire } of raws) {
			if (wire?.model.broken && !broken.some((one) => one.wire === wire)) {
				broken.push({ wire, why: wire.model.broken });
			}
		}
	}

	const until = async (isReached: () => boolean | Promise<boolean>, ms = QUIET_MS) => {
		const deadline = Date.now() + (sabotage && violations.length > 0 ? 0 : ms);
		while (!(await isReached())) {
			if (Date.now() > deadline) return false;
			await new Promise((resolve) => setTimeout(resolve, 2));
		}
		return true;
	};
	const limitMs = sabotage ? world.sabotageMs : QUIET_MS;
	for (const { wire, why } of broken) {
		if (!(await until(() => wire.isOver || wire.isLeft, limitMs))) {
			violations.push(`I6 silence after ${why}`);
		}
	}
	for (const client of clients) client.heal();
	if (!(await until(() => clients.every((client) => client.isSettled), limitMs))) {
		violations.push('I4 a client is never answered');
	} else {
		await Promise.all(answers);
	}

	const made = (await world.ask('bank:transfers', { room })) as string[];
	for (const client of clients) {
		for (const text of client.asked) {
			const times = made.filter((one) => one === text).length;
			if (times > 1) violations.push(`I3 ${text} was made ${times} times`);
			if (times === 0 && client.acknowledged.has(text)) violations.push(`I3 ${text} is lost`);
		}
	}
	if (made.some((text) => text.startsWith('refused'))) violations.push('I3 a refused write stayed');
	for (const [index, client] of clients.entries()) {
		for (const name of client.names) {
			const { udfPath, args } = subscription(name);
			let fresh = name === 'me' ? null : await world.ask(udfPath, args);
			const shows = () => {
				if (name === 'me') fresh = client.token === null ? null : world.userOf(client.token);
				return JSON.stringify(client.view.get(name)) === JSON.stringify(fresh);
			};
			if (!(await until(shows, limitMs))) {
				violations.push(
					`I4 client ${index} shows ${name} as ${JSON.stringify(client.view.get(name))}, not ${JSON.stringify(fresh)}`,
				);
			}
		}
	}
	await Promise.all(clients.map((client) => client.stop()));
	return violations;
}
