/** What may happen in a script, and how scripts are drawn from a seed. */
import fc from 'fast-check';
import { ACCOUNTS } from './protocolModel.ts';
import type { Fault } from './wire.ts';

export type Step =
	| { do: 'transfer'; who: number; from: number; to: number; amount: number }
	| { do: 'refuse' | 'cut' | 'signOut' | 'badToken'; who: number }
	| { do: 'subscribe' | 'unsubscribe'; who: number; what: number }
	| { do: 'signIn'; who: number; user: number }
	| { do: 'violate'; who: number; how: number }
	| { do: 'wait'; ms: number }
	| { do: 'turn' | 'push' | 'restart' };

export interface Script {
	steps: Step[];
	/** Per client, per connection. */
	faults: Fault[][][];
}

/** The first is the official client; it gets no faults that no network can make. */
const CLIENTS = 3;
export const USERS = ['user-1', 'user-2'];
/** What there is to subscribe to. */
export const WHAT = ['transfers', ...ACCOUNTS.map((name) => `balance/${name}`), 'me', 'build'];

const who = fc.nat(CLIENTS - 1);
const account = fc.nat(ACCOUNTS.length - 1);
const kind = <Kind extends Step['do']>(...kinds: Kind[]) => fc.constantFrom(...kinds);
const weighed = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });
const step = fc.oneof(
	weighed(
		24,
		fc.record({
			do: kind('transfer'),
			who,
			from: account,
			to: account,
			amount: fc.integer({ min: 1, max: 9 }),
		}),
	),
	weighed(3, fc.record({ do: kind('refuse'), who })),
	weighed(6, fc.record({ do: kind('cut'), who })),
	weighed(
		12,
		fc.record({ do: kind('subscribe', 'unsubscribe'), who, what: fc.nat(WHAT.length - 1) }),
	),
	weighed(6, fc.record({ do: kind('signIn'), who, user: fc.nat(USERS.length - 1) })),
	weighed(3, fc.record({ do: kind('signOut', 'badToken'), who })),
	weighed(4, fc.record({ do: kind('violate'), who, how: fc.nat(9) })),
	weighed(9, fc.record({ do: kind('wait'), ms: fc.nat(4) })),
	weighed(12, fc.record({ do: kind('turn') })),
	weighed(1, fc.record({ do: kind('push', 'restart') })),
);
const faultsOf = (...kinds: Fault['kind'][]) =>
	fc.array(
		fc.array(
			fc.record({
				direction: fc.constantFrom('in' as const, 'out' as const),
				at: fc.nat(12),
				kind: fc.constantFrom(...kinds),
			}),
			{ maxLength: 3 },
		),
		{ maxLength: 4 },
	);
export const script: fc.Arbitrary<Script> = fc.record({
	steps: fc.array(step, { minLength: 6, maxLength: 24, size: 'max' }),
	faults: fc.tuple(
		faultsOf('hold', 'cut', 'halfOpen'),
		faultsOf('drop', 'double', 'swap', 'hold', 'cut', 'halfOpen'),
		faultsOf('drop', 'double', 'swap', 'hold', 'cut', 'halfOpen'),
	),
});

/** What no client may say once it is connected. */
export const FORBIDDEN: (string | Buffer)[] = [
	'{',
	'null',
	'"text"',
	'{}',
	'{"type":"Nonsense"}',
	'{"type":"Connect","sessionId":"again","connectionCount":0,"clientTs":0}',
	'{"type":"ModifyQuerySet","baseVersion":77,"newVersion":78,"modifications":[]}',
	'{"type":"Authenticate","baseVersion":77,"tokenType":"None"}',
	'{"type":"Mutation","requestId":0,"udfPath":"bank:transfer","args":[]}',
	Buffer.from('{"type":"Event"}'),
];
