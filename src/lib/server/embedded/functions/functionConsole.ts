/** `console` inside functions: lines for the caller, and one structured event each for the server's log. */
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import { runOutside, type Execution } from './execution.ts';
import { withSources } from './stackTraces.ts';

/** Convex docs, "Limits", "Functions": per function, with those it calls; the last says that there were more. */
const MAX_LINES = 256;
const OVERFLOW = `[ERROR] Log overflow (maximum ${MAX_LINES}). Remaining log lines omitted.`;
/** As above; UTF-8. */
const MAX_LINE_BYTES = 4 * 1024;
const CUT = ' (truncated)';

const LEVELS = {
	debug: 'DEBUG',
	info: 'INFO',
	log: 'LOG',
	warn: 'WARN',
	error: 'ERROR',
	dir: 'LOG',
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
	methods.trace = (...args) => {
		const [, ...frames] = new Error().stack!.split('\n');
		const text = runOutside(() => args.map(shown).join(' '));
		print(execution, 'LOG', [text, ...frames].join('\n'));
	};
	methods.table = (...args) => print(execution, 'LOG', tableText(args));
	methods.assert = (condition, ...args) => {
		if (!condition) write(execution, 'ERROR', ['Assertion failed', ...args]);
	};
	methods.count = (label = 'default') => {
		const count = (counts.get(String(label)) ?? 0) + 1;
		counts.set(String(label), count);
		write(execution, 'LOG', [`${String(label)}: ${count}`]);
	};
	methods.countReset = (label = 'default') => void counts.delete(String(label));
	const stopwatchMs = (): number => runOutside(() => performance.now());
	// The words are Convex's.
	methods.time = (label = 'default') => {
		if (timers.has(String(label))) {
			print(execution, 'WARN', `Timer '${String(label)}' already exists`);
		} else timers.set(String(label), stopwatchMs());
	};
	methods.timeLog = (label = 'default', ...args) => {
		const startMs = timers.get(String(label));
		if (startMs === undefined) {
			print(execution, 'WARN', `Timer '${String(label)}' does not exist`);
			return;
		}
		const text = `${String(label)}: ${(stopwatchMs() - startMs).toFixed(0)}ms`;
		print(
			execution,
			'INFO',
			runOutside(() => [text, ...args.map(shown)].join(' ')),
		);
	};
	methods.timeEnd = (label = 'default') => {
		methods.timeLog!(label);
		timers.delete(String(label));
	};
	methods.group = methods.groupCollapsed = (...args) => {
		if (args.length > 0) write(execution, 'LOG', args);
	};
	methods.groupEnd = methods.clear = methods.dirxml = ignore;
	return methods as unknown as Console;
}

function write(execution: Execution, level: Level, args: unknown[]): void {
	print(
		execution,
		level,
		runOutside(() => args.map(shown).join(' ')),
		args,
	);
}

function print(execution: Execution, level: Level, text: string, args: unknown[] = [text]): void {
	if (!keepLine(execution.logLines, () => `[${level}] ${cut(withSources(text))}`)) return;
	runOutside(() => {
		execution.engine.options.log('function.console', {
			function: execution.path,
			component: execution.component,
			requestId: execution.request.requestId,
			level: level.toLowerCase(),
			text: cut(withSources(format(...args))),
		});
	});
}

/** What a called function printed, behind what its caller has printed so far. */
export function keepLines(caller: Execution, callee: Execution): void {
	for (const line of callee.logLines) keepLine(caller.logLines, () => line);
}

function keepLine(lines: string[], line: () => string): boolean {
	if (lines.length >= MAX_LINES) return false;
	const isLast = lines.length === MAX_LINES - 1;
	lines.push(isLast ? OVERFLOW : line());
	return !isLast;
}

const shown = (value: unknown): string => inspect(value, { depth: 4, breakLength: 120 });

/** As in Node, whose `table` writes to a stream. */
function tableText(args: unknown[]): string {
	let text = '';
	const stdout = new Writable({
		write(chunk, _encoding, done) {
			text += String(chunk);
			done();
		},
	});
	new Console({ stdout }).table(...(args as Parameters<Console['table']>));
	return text.trimEnd();
}

function cut(line: string): string {
	const bytes = Buffer.from(line);
	if (bytes.length <= MAX_LINE_BYTES) return line;
	const kept = bytes.subarray(0, MAX_LINE_BYTES - CUT.length).toString();
	// A character in the middle of which it was cut.
	return kept.replace(/\uFFFD$/, '') + CUT;
}
