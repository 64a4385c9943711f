import {
	ConnectorError,
	z,
	type ConnectionContext,
	type TestConnectionResult,
} from '../sdk/index.ts';
import { queryAnswerSchema } from './parse.ts';
import { externalLabels } from './promql.ts';

const buildSchema = z.object({
	status: z.literal('success'),
	data: z.object({ version: z.string() }),
});
const configSchema = z.object({ data: z.object({ yaml: z.string() }) });

/** What a server that has the page but keeps it closed answers. */
const closedPage = new Set(['NOT_FOUND', 'PERMISSION_MISSING', 'REQUEST_REJECTED', 'NOT_AN_API']);

/**
 * The server's version; null when it speaks the API but does not tell (old Prometheus, some compatible servers).
 * Throws NOT_AN_API when it answers JSON of another kind.
 */
export async function versionOf(ctx: ConnectionContext): Promise<string | null> {
	const { data, status } = await ctx.http.json({
		path: '/api/v1/status/buildinfo',
		expect: { statuses: [404] },
	});
	if (status !== 404) {
		const build = buildSchema.safeParse(data);
		if (!build.success) throw notPrometheus(ctx);
		return build.data.data.version;
	}
	// A 404 of the right server and of a wrong one look alike; an evaluation tells them apart.
	const probe = await ctx.http.json({ path: '/api/v1/query', query: { query: '1' } });
	if (!queryAnswerSchema.safeParse(probe.data).success) throw notPrometheus(ctx);
	return null;
}

/** External labels name a Prometheus across moves of its address; without them the address does. */
export async function identityOf(
	ctx: ConnectionContext,
	version: string | null,
): Promise<TestConnectionResult['account']> {
	const base = new URL(String(ctx.settings['baseUrl']));
	const address = `${base.host}${base.pathname.replace(/\/+$/, '')}`;
	const labels = Object.entries(await labelsOf(ctx)).sort(([a], [b]) => (a < b ? -1 : 1));
	const text = labels.map(([name, value]) => `${name}=${value}`).join(', ');
	return {
		id: text === '' ? address : `labels:${text}`,
		name: text === '' ? address : text,
		details: [
			{ label: 'Version', value: version ?? 'not told' },
			{ label: 'Address', value: address },
			...(text === '' ? [] : [{ label: 'External labels', value: text }]),
		],
	};
}

async function labelsOf(ctx: ConnectionContext): Promise<Record<string, string>> {
	try {
		const { data } = await ctx.http.json({ path: '/api/v1/status/config' });
		const config = configSchema.safeParse(data);
		return config.success ? externalLabels(config.data.data.yaml) : {};
	} catch (error) {
		if (error instanceof ConnectorError && closedPage.has(error.code)) return {};
		throw error;
	}
}

function notPrometheus(ctx: ConnectionContext): ConnectorError {
	const { host } = new URL(String(ctx.settings['baseUrl']));
	return new ConnectorError('NOT_AN_API', {
		message: `${host} answers, but not as Prometheus does. Check the address.`,
		field: 'baseUrl',
		detail: { host },
	});
}
