import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Paths of the real programs, found on PATH or installed. */
export interface PrometheusPrograms {
	prometheus: string;
	promtool: string;
	nodeExporter: string;
}

export interface PrometheusOptions {
	/** OpenMetrics text backfilled before the start; see openMetrics(). */
	history?: string;
	externalLabels?: Record<string, string>;
	scrapeSeconds?: number;
	/** Also starts node-exporter and scrapes it as job "node". */
	hasNodeExporter?: boolean;
	/** Asks for user "tributary" and password "correct horse". */
	hasBasicAuth?: boolean;
	/** e.g. "2d"; everything by default. */
	retention?: string;
	/** Fixed port; a free one by default. */
	port?: number;
}

export interface RealPrometheus {
	/** http://127.0.0.1:port */
	url: string;
	/** 127.0.0.1:port, as the allow list wants it. */
	host: string;
	version: string;
	stop(): Promise<void>;
}

/** One series of a history: samples are [seconds since epoch, value], ascending. */
export interface HistorySeries {
	name: string;
	labels?: Record<string, string>;
	samples: Iterable<readonly [number, number]>;
}

// bcrypt of "correct horse", cheapest cost: it guards nothing but a test.
const passwordHash = '$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e';
export const basicAuth = { username: 'tributary', password: 'correct horse' };

/** A start takes well below a second; a busy machine may need many. */
const readyWithinMs = 30_000;

/**
 * The programs on PATH, or installed with apt when this runs as root, as the test container does.
 * A string says why there are none.
 */
export async function findPrometheus(): Promise<PrometheusPrograms | string> {
	const found = await programsOnPath();
	if (found) return found;
	if (process.getuid?.() !== 0)
		return 'prometheus is not on PATH, and installing it needs root (apt-get install prometheus prometheus-node-exporter)';
	try {
		await exec('apt-get', ['update', '-qq'], { timeout: 120_000 });
		const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
		const packages = ['prometheus', 'prometheus-node-exporter'];
		await exec('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
			timeout: 300_000,
			env,
		});
	} catch (error) {
		return `prometheus is not on PATH, and apt-get could not install it: ${String(error).slice(0, 200)}`;
	}
	return (await programsOnPath()) ?? 'prometheus is still not on PATH after its installation';
}

async function programsOnPath(): Promise<PrometheusPrograms | undefined> {
	const prometheus = await which('prometheus');
	const promtool = await which('promtool');
	// Debian's name, and the one of the project's own archive.
	const nodeExporter = (await which('prometheus-node-exporter')) ?? (await which('node_exporter'));
	return prometheus && promtool && nodeExporter
		? { prometheus, promtool, nodeExporter }
		: undefined;
}

async function which(name: string): Promise<string | undefined> {
	for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
		const file = path.join(folder, name);
		const isRunnable = await access(file, constants.X_OK).then(
			() => true,
			() => false,
		);
		if (isRunnable) return file;
	}
	return undefined;
}

/** Starts a real server on loopback with a folder of its own. stop() ends it and removes the folder. */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<RealPrometheus> {
	const programs = await findPrometheus();
	if (typeof programs === 'string') throw new Error(programs);
	const folder = await mkdtemp(path.join(tmpdir(), 'tributary-prometheus-'));
	const data = path.join(folder, 'data');
	const children: ChildProcess[] = [];
	const stop = async (): Promise<void> => {
		await Promise.all(children.map(end));
		await rm(folder, { recursive: true, force: true });
	};
	try {
		if (options.history !== undefined) await backfill(programs, folder, data, options.history);
		const port = options.port ?? (await freePort());
		const exporterPort = options.hasNodeExporter ? await freePort() : undefined;
		if (exporterPort !== undefined)
			children.push(run(programs.nodeExporter, [`--web.listen-address=127.0.0.1:${exporterPort}`]));
		const config = path.join(folder, 'prometheus.yml');
		await writeFile(config, configText(options, port, exporterPort));
		const web = path.join(folder, 'web.yml');
		await writeFile(
			web,
			options.hasBasicAuth
				? `basic_auth_users:\n  ${basicAuth.username}: "${passwordHash}"\n`
				: '{}\n',
		);
		children.push(
			run(programs.prometheus, [
				`--config.file=${config}`,
				`--web.config.file=${web}`,
				`--storage.tsdb.path=${data}`,
				`--storage.tsdb.retention.time=${options.retention ?? '10y'}`,
				`--web.listen-address=127.0.0.1:${port}`,
			]),
		);
		const host = `127.0.0.1:${port}`;
		const url = `http://${host}`;
		await untilReady(url, children.at(-1)!);
		return { url, host, version: await versionOf(url), stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

/** History as OpenMetrics text, what promtool reads; gauges only, which PromQL does not mind. */
export function openMetrics(series: HistorySeries[]): string {
	const lines: string[] = [];
	const names = [...new Set(series.map((one) => one.name))];
	for (const name of names) {
		lines.push(`# TYPE ${name} gauge`);
		for (const one of series.filter((other) => other.name === name)) {
			const labels = Object.entries(one.labels ?? {}).map(([key, value]) => `${key}="${value}"`);
			const head = labels.length > 0 ? `${name}{${labels.join(',')}}` : name;
			for (const [seconds, value] of one.samples) lines.push(`${head} ${value} ${seconds}`);
		}
	}
	return `${lines.join('\n')}\n# EOF\n`;
}

/** Samples every `stepSeconds` from `from` until before `to`. */
export function* samplesOf(
	{ from, to, stepSeconds }: { from: number; to: number; stepSeconds: number },
	valueAt: (seconds: number) => number,
): Generator<readonly [number, number]> {
	const first = Math.ceil(from / stepSeconds) * stepSeconds;
	for (let at = first; at < to; at += stepSeconds) yield [at, valueAt(at)];
}

async function backfill(
	{ promtool }: PrometheusPrograms,
	folder: string,
	data: string,
	text: string,
): Promise<void> {
	const file = path.join(folder, 'history.om');
	await writeFile(file, text);
	// The default of two hours per block would make 360 blocks of a month.
	const flags = ['--max-block-duration=240h', '--quiet'];
	await exec(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', ...flags, file, data], {
		maxBuffer: 64 * 1024 * 1024,
	});
}

function configText(
	options: PrometheusOptions,
	port: number,
	exporterPort: number | undefined,
): string {
	const seconds = options.scrapeSeconds ?? 5;
	const auth = options.hasBasicAuth
		? { basic_auth: { username: basicAuth.username, password: basicAuth.password } }
		: {};
	const job = (name: string, target: number, more = {}): object => ({
		job_name: name,
		static_configs: [{ targets: [`127.0.0.1:${target}`] }],
		...more,
	});
	// JSON is YAML.
	return JSON.stringify({
		global: {
			scrape_interval: `${seconds}s`,
			scrape_timeout: `${Math.min(seconds, 5)}s`,
			...(options.externalLabels ? { external_labels: options.externalLabels } : {}),
		},
		scrape_configs: [
			job('prometheus', port, auth),
			...(exporterPort === undefined ? [] : [job('node', exporterPort)]),
		],
	});
}

function run(program: string, args: string[]): ChildProcess {
	return spawn(program, args, { stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const closed = new Promise((resolve) => child.once('exit', resolve));
	// Nothing of it is kept, so there is no reason to let it write its head block.
	child.kill('SIGKILL');
	await closed;
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	if (typeof address !== 'object' || address === null) throw new Error('no free port');
	return address.port;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
	const deadline = Date.now() + readyWithinMs;
	while (Date.now() < deadline) {
		if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
		const response = await fetch(`${url}/-/ready`, { headers: authorization }).catch(() => null);
		if (response?.ok) return;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	throw new Error(`prometheus was not ready within ${readyWithinMs / 1000} s`);
}

const authorization = {
	authorization: `Basic ${Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString('base64')}`,
};

async function versionOf(url: string): Promise<string> {
	const response = await fetch(`${url}/api/v1/status/buildinfo`, { headers: authorization });
	const body = (await response.json()) as { data: { version: string } };
	return body.data.version;
}
