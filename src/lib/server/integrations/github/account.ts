import { ConnectorError, type ConnectionContext, type TestConnectionResult } from '../sdk/index.ts';
import { createClient } from './client.ts';
import { metrics } from './metrics.ts';
import { clonesSchema, repositorySchema, userSchema } from './parse.ts';
import { trafficReason } from './run.ts';

type Permissions = NonNullable<TestConnectionResult['permissions']>;

/** Two calls per repository; a person waits for the answer. The rest shows in the first sync. */
const maxChecked = 10;

/** Whose token this is. The numeric id stays when the login changes; the host tells Enterprise servers apart. */
export async function account(ctx: ConnectionContext): Promise<TestConnectionResult['account']> {
	const { data: user } = await createClient(ctx).get('/user', {}, userSchema);
	const { host } = new URL(String(ctx.settings['baseUrl']));
	const details = [{ label: 'Login', value: user!.login }];
	if (host !== 'api.github.com') details.push({ label: 'Server', value: host });
	return { id: `${host}/${user!.id}`, name: user!.name?.trim() || user!.login, details };
}

/**
 * Whether the chosen repositories can be read, and whose traffic. Throws NOT_FOUND on "repositories" for one the token
 * cannot see, since nothing of it could ever arrive.
 */
export async function checkRepositories(
	ctx: ConnectionContext,
	chosen: string[],
): Promise<Permissions> {
	const client = createClient(ctx);
	const closed: string[] = [];
	for (const repository of chosen.slice(0, maxChecked)) {
		const [owner, repo] = repository.split('/');
		try {
			await client.get('/repos/{owner}/{repo}', { owner, repo }, repositorySchema);
		} catch (error) {
			throw explain(error, repository);
		}
		try {
			const route = '/repos/{owner}/{repo}/traffic/clones';
			await client.get(route, { owner, repo, per: 'day' }, clonesSchema);
		} catch (error) {
			if (!(error instanceof ConnectorError)) throw error;
			if (error.code !== 'PERMISSION_MISSING' && error.code !== 'NOT_FOUND') throw error;
			closed.push(repository);
		}
	}
	return metrics.map(({ id }) =>
		closed.length > 0 && (id === 'views' || id === 'clones')
			? { metricId: id, readable: false, reason: trafficReason(closed) }
			: { metricId: id, readable: true },
	);
}

function explain(error: unknown, repository: string): unknown {
	if (!(error instanceof ConnectorError)) return error;
	if (error.code !== 'NOT_FOUND' && error.code !== 'PERMISSION_MISSING') return error;
	const message =
		error.code === 'NOT_FOUND'
			? `This token cannot see a repository ${repository}. Check the name, or add the repository to the token at GitHub.`
			: `${repository}: ${error.message}`;
	return new ConnectorError(error.code, {
		message,
		field: 'repositories',
		detail: error.detail,
	});
}
