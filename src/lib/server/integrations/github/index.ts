import {
	auth,
	BaseIntegration,
	ConnectorError,
	property,
	type ConnectionContext,
	type FailedResponse,
	type Json,
	type MetricInstance,
	type MetricPage,
	type OptionItem,
	type SyncContext,
	type SyncEstimate,
	type TestConnectionResult,
	type TimeRange,
} from '../sdk/index.ts';
import { account, checkRepositories } from './account.ts';
import { refineFailure } from './client.ts';
import { historyDays, metrics } from './metrics.ts';
import { findRepositories } from './repositories.ts';
import { planSteps, runSteps } from './run.ts';

const settings = {
	repositories: property.multiSelect({
		label: 'Repositories',
		help: 'The list holds what this token can see. A public one can be named as owner/name.',
		placeholder: 'owner/name',
		hasOptionsResolver: true,
		isSearchable: true,
		dependsOn: ['token'],
		max: 50,
		pattern: {
			regex: /^[A-Za-z0-9][A-Za-z0-9-]*\/(?!\.{1,2}$)[\w.-]{1,100}$/,
			message: 'Write a repository as owner/name.',
		},
	}),
	baseUrl: property.url({
		label: 'API address',
		help: 'For GitHub Enterprise, like https://github.example.com/api/v3.',
		default: 'https://api.github.com',
		isAdvanced: true,
		clean: (value) =>
			/^https?:\/\/(www\.)?github\.com(\/.*)?$/i.test(value) ? 'https://api.github.com' : value,
	}),
};

/** GitHub or GitHub Enterprise, by a personal access token. */
export class GitHub extends BaseIntegration {
	readonly id = 'github';
	readonly name = 'GitHub';
	readonly description = 'Stars, work and traffic of your repositories.';
	readonly category = 'development';
	readonly auth = [
		auth.secretText({
			id: 'token',
			label: 'Personal access token',
			name: 'token',
			secretLabel: 'Token',
			placeholder: 'github_pat_…',
		}),
	];
	readonly settings = settings;
	readonly metrics = metrics;
	readonly dataStrategy = 'hybrid';
	readonly shouldBackfill = true;
	readonly historicalDays = historyDays;
	readonly syncEveryMinutes = 60;
	override readonly rateLimit = {
		description: '5,000 requests an hour per account, all its tokens together',
		requests: 5000,
		perSeconds: 3600,
	};
	readonly guide = {
		title: 'Create a fine-grained token',
		steps: [
			'Open Settings, Developer settings, Personal access tokens, Fine-grained tokens, and generate one.',
			'Choose the repositories, and give read access to Contents, Issues, Metadata and Pull requests.',
			'For views and clones add "Administration: read". GitHub shows traffic to people who may push.',
			'Copy the token; GitHub shows it once.',
		],
		url: 'https://github.com/settings/personal-access-tokens/new',
	};
	readonly quirks = [
		'Views and clones reach back 14 days at GitHub. Each sync keeps them, so the history grows from the day you connect.',
		'The past of stars is rebuilt from stars that still exist, and ends at the 40,000th.',
		'Commits are computed by GitHub on demand; the first answer may take a few minutes.',
		'The count of open issues leaves out pull requests, which GitHub counts among them.',
	];

	override headers(): Record<string, string> {
		return { 'x-github-api-version': '2022-11-28' };
	}

	override refineFailure(response: FailedResponse): ConnectorError | undefined {
		return refineFailure(response);
	}

	override metricsFor(raw: Record<string, Json>): MetricInstance[] {
		const chosen = settings.repositories.schema.parse(raw['repositories']);
		return chosen.flatMap((repository) =>
			metrics.map((metric) => ({
				...metric,
				seriesKey: `${metric.id}:${repository}`,
				dimensionValues: { repository },
			})),
		);
	}

	async testConnection(ctx: ConnectionContext): Promise<TestConnectionResult> {
		const chosen = settings.repositories.schema.parse(ctx.settings['repositories']);
		return { account: await account(ctx), permissions: await checkRepositories(ctx, chosen) };
	}

	override async options(
		ctx: ConnectionContext,
		name: string,
		search: string,
	): Promise<OptionItem[]> {
		if (name !== 'repositories') throw new ConnectorError('INTEGRATION_BUG');
		return await findRepositories(ctx, search);
	}

	/** Stars and merges are of unknown length; two pages each is what a small repository needs. */
	override async estimate(ctx: ConnectionContext, range: TimeRange): Promise<SyncEstimate> {
		const plan = planSteps(this.metricsFor(ctx.settings), range);
		const calls = plan.reduce(
			(sum, { kind }) =>
				sum + (['merged', 'levels'].includes(kind.kind) ? 2 : kind.isHistory ? 3 : 1),
			0,
		);
		const days = Math.round((range.endAt - range.startAt) / 86_400_000);
		return { calls, pages: plan.length, days };
	}

	async *fetchMetrics(ctx: SyncContext): AsyncGenerator<MetricPage, void, void> {
		yield* runSteps(ctx);
	}
}
