/** `console` inside functions: lines for the caller, and one structured event each for the server's log. */
import { format, inspect } from 'node:util';
import { runOutside, type Execution } from './execution.ts';

/** As real deployments: more lines than this, or longer ones, are cut. */
const MAX_LINES = 256;
const MAX_LINE_CHARS = 32 * 1024;

const LEVELS = {
	debug: 'DEBUG',
	info: 'INFO',
	log: 'LOG',
	warn: 'WARN',
	error: 'ERROR',
	trace: 'LOG',
	dir: 'LOG',
	table: 'LOG',
} as const;

type Level = (typeof LEVELS)[keyof typeof LEVELS];

const consoles = new WeakMap<Execution, Console>();

export function consoleOf(execution: Execution): Console {
	let made = consoles.get(execution);
	if (!made) {
		made = createConsole(execution);
		consoles.set(execution, made);
	}
	return made;
}

function createConsole(execution: Execution): Console {
	const timers = new Map<string, number>();
	const counts = new Map<string, number>();
	const ignore = (): void => {};
	const methods: Record<string, (...args: unknown[]) => void> = {};
	for (const [name, level] of Object.entries(LEVELS)) {
		methods[name] = (...args) => write(execution, level, args);
	}
	methods.assert = (condition, ...args) => {
		if (!condition) write(execution, 'ERROR', ['Assertion failed', ...args]);
	};
	methods.count = (label = 'default') => {
		const count = (counts.get(String(label)) ?? 0) + 1;
		counts.set(String(label), count);
		write(execution, 'LOG', [`${String(label)}: ${count}`]);
	};
	methods.countReset = (label = 'default') => void counts.delete(String(label));
	methods.time = (label = 'default') => void timers.set(String(label), performance.now());
	methods.timeEnd = methods.timeLog = (label = 'default') => {
		const startMs = timers.get(String(label));
		if (startMs === undefined) return;
		write(execution, 'LOG', [`${String(label)}: ${(performance.now() - startMs).toFixed(0)} ms`]);
	};
	methods.group = methods.groupCollapsed = methods.groupEnd = methods.clear = ignore;
	return methods as unknown as Console;
}

function write(execution: Execution, level: Level, args: unknown[]): void {
	if (execution.logLines.length > MAX_LINES) return;
	runOutside(() => {
		if (execution.logLines.length === MAX_LINES) {
			execution.logLines.push(
				`[WARN] Log overflow: only ${MAX_LINES} lines are kept per function.`,
			);
			return;
		}
		const line = args.map((arg) => inspect(arg, { depth: 4, breakLength: 120 })).join(' ');
		execution.logLines.push(`[${level}] ${cut(line)}`);
		execution.engine.options.log('function.console', {
			function: execution.path,
			component: execution.component,
			requestId: execution.request.requestId,
			level: level.toLowerCase(),
			text: cut(format(...args)),
		});
	});
}

function cut(line: string): string {
	return line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS)} (truncated)` : line;
}
