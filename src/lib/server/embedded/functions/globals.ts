/**
 * The globals functions see. One permanent `globalThis.Convex` and accessors for Date, fetch, timers and console ask
 * which function is running; outside of functions everything is as it was.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { currentExecution, runOutside } from './execution.ts';
import { consoleOf } from './functionConsole.ts';
import { asyncSyscall, jsSyscall, syscall } from './syscalls.ts';
import { useUtc } from './utcTime.ts';

const isTransaction = (): boolean => Boolean(currentExecution()?.transaction);
const isInFunction = (): boolean => currentExecution() !== undefined;

let isInstalled = false;

/** Once per process; safe to call again. */
export function installGlobals(): void {
	if (isInstalled) return;
	isInstalled = true;
	useUtc();
	installConvex();
	installDate();
	installPerformance();
	installRandom();
	installAsyncStorage();
	replaceGlobal('fetch', (real) => {
		return isTransaction() ? forbidden('fetch') : (currentExecution()?.fetch ?? real);
	});
	for (const name of ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval']) {
		replaceGlobal(name, (real) => (isTransaction() ? forbidden(name) : real));
	}
	// Ways to the network that the default runtime does not have; they would go around the egress guard.
	for (const name of ['WebSocket', 'EventSource', 'XMLHttpRequest']) {
		if (name in globalThis) replaceGlobal(name, (real) => (isInFunction() ? undefined : real));
	}
	replaceGlobal('console', (real) => {
		const execution = currentExecution();
		return execution ? consoleOf(execution) : real;
	});
}

/**
 * Libraries built for runtimes without `node:async_hooks` (the sign-in component's) look for this global and else keep
 * the current request in a plain variable. Here calls run side by side, and one would take another's request for its
 * own: a valid session answered 401 now and then.
 */
function installAsyncStorage(): void {
	Object.defineProperty(globalThis, 'AsyncLocalStorage', {
		configurable: true,
		writable: true,
		value: AsyncLocalStorage,
	});
}

interface ConvexGlobal {
	syscall(name: string, argsJson: string): string;
	asyncSyscall(name: string, argsJson: string): Promise<string>;
	jsSyscall(name: string, args: Record<string, unknown>): Promise<unknown>;
}

/** Outside of our functions the global that was there before answers, if there was one. */
function installConvex(): void {
	const own: ConvexGlobal = { syscall, asyncSyscall, jsSyscall };
	const { Convex: previous } = globalThis as { Convex?: ConvexGlobal };
	const choose = (): ConvexGlobal => (!isInFunction() && previous ? previous : own);
	Object.defineProperty(globalThis, 'Convex', {
		configurable: true,
		value: Object.freeze({
			syscall: (name, argsJson) => choose().syscall(name, argsJson),
			asyncSyscall: (name, argsJson) => choose().asyncSyscall(name, argsJson),
			jsSyscall: (name, args) => choose().jsSyscall(name, args),
		} satisfies ConvexGlobal),
	});
}

/** Replaces a global by an accessor over its present value; assignments from outside functions still work. */
function replaceGlobal(name: string, choose: (real: unknown) => unknown): void {
	const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
	if (descriptor?.configurable === false) return;
	let own: unknown = descriptor && 'value' in descriptor ? descriptor.value : undefined;
	let hasOwn = !descriptor || 'value' in descriptor;
	Object.defineProperty(globalThis, name, {
		configurable: true,
		enumerable: descriptor?.enumerable ?? true,
		get: () => choose(hasOwn ? own : descriptor!.get?.call(globalThis)),
		set(value: unknown) {
			// What one function assigns must not be seen by others, nor by the server.
			if (isInFunction()) return;
			own = value;
			hasOwn = true;
		},
	});
}

/** Time stands still in queries and mutations; in actions it is the deployment's clock. */
function installDate(): void {
	const RealDate = globalThis.Date;
	const nowMs = (): number => {
		const execution = currentExecution();
		if (!execution) return RealDate.now();
		return execution.transaction?.nowMs ?? runOutside(() => execution.engine.options.clock.now());
	};
	function FunctionDate(this: unknown, ...args: unknown[]): unknown {
		if (!new.target) return new RealDate(nowMs()).toString();
		const target = new.target === (FunctionDate as unknown) ? RealDate : new.target;
		return Reflect.construct(RealDate, args.length === 0 ? [nowMs()] : args, target);
	}
	Object.setPrototypeOf(FunctionDate, RealDate);
	Object.defineProperties(FunctionDate, {
		name: { value: 'Date' },
		length: { value: 7 },
		prototype: { value: RealDate.prototype },
		now: { value: nowMs, writable: true, configurable: true },
	});
	replaceGlobal('Date', (real) => (isInFunction() ? FunctionDate : real));
}

/** A stopwatch would tell one run of a transaction from another. */
function installPerformance(): void {
	const stopped = (timeOrigin: number) => ({ now: () => 0, timeOrigin, mark() {}, measure() {} });
	replaceGlobal('performance', (real) => {
		const transaction = currentExecution()?.transaction;
		return transaction ? stopped(transaction.nowMs) : real;
	});
}

function installRandom(): void {
	const real = Math.random.bind(Math);
	Math.random = () => {
		const transaction = currentExecution()?.transaction;
		return transaction ? transaction.random() : real();
	};
}

/** The wording of real deployments. */
function forbidden(name: string): () => never {
	return () => {
		const error = new Error(
			`Can't use ${name}() in queries and mutations. Please consider using an action. ` +
				'See https://docs.convex.dev/functions/actions for more details.',
		);
		Object.assign(error, { code: name === 'fetch' ? 'ForbiddenFetch' : 'ForbiddenTimer' });
		throw error;
	};
}
