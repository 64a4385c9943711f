import { ConnectorError, type ConnectionContext, type OptionItem } from '../sdk/index.ts';
import { createClient, perPage, type GitHubClient } from './client.ts';
import { listedRepositoriesSchema, repositorySchema } from './parse.ts';

/** A thousand repositories; whoever has more names the one wanted. */
const maxPages = 10;

/** A longer list is not read but searched. */
const maxShown = 100;

interface Listed {
	full_name: string;
	private: boolean;
	archived: boolean;
	description?: string | null | undefined;
}

/** What the token can see, most recently pushed first, and the one that was typed in full although it is not listed. */
export async function findRepositories(
	ctx: ConnectionContext,
	search: string,
): Promise<OptionItem[]> {
	const client = createClient(ctx);
	const wanted = search.trim().toLowerCase();
	const found: Listed[] = [];
	let page: number | undefined = 1;
	for (let read = 0; page !== undefined && read < maxPages; read++) {
		const query = { sort: 'pushed', direction: 'desc', per_page: perPage, page };
		const answer: Awaited<ReturnType<typeof client.get<Listed[]>>> = await client.get(
			'/user/repos',
			query,
			listedRepositoriesSchema,
		);
		found.push(...answer.data!.filter((one) => one.full_name.toLowerCase().includes(wanted)));
		if (found.length >= maxShown) break;
		if (answer.nextPage !== undefined && answer.nextPage <= page)
			throw new ConnectorError('CURSOR_LOOP');
		page = answer.nextPage;
	}
	const isNamed = found.some((one) => one.full_name.toLowerCase() === wanted);
	if (!isNamed && /^[\w-]+\/[\w.-]+$/.test(wanted)) found.unshift(...(await named(client, search)));
	return found.slice(0, maxShown).map(toOption);
}

async function named(client: GitHubClient, search: string): Promise<Listed[]> {
	const [owner, repo] = search.trim().split('/');
	try {
		const { data } = await client.get('/repos/{owner}/{repo}', { owner, repo }, repositorySchema);
		return [data!];
	} catch (error) {
		if (error instanceof ConnectorError && error.code === 'NOT_FOUND') return [];
		throw error;
	}
}

function toOption(one: Listed): OptionItem {
	const notes = [one.private ? 'private' : 'public', ...(one.archived ? ['archived'] : [])];
	const about = one.description ? `: ${one.description.slice(0, 120)}` : '';
	return {
		value: one.full_name,
		label: one.full_name,
		description: notes.join(', ') + about,
	};
}
