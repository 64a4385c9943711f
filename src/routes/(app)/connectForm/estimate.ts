import { countOf } from '../text.ts';
import type { TestPassed } from './backend.ts';

function historySpan(days: number): string {
	if (days >= 730) return `${Math.round(days / 365)} years of history`;
	if (days >= 60) return `${Math.round(days / 30.4)} months of history`;
	return `${countOf(Math.max(1, Math.round(days)), 'day')} of history`;
}

/** "8 pages, 30 days of history": what the calls bring in. */
export function estimateText(estimate: NonNullable<TestPassed['estimate']>): string {
	return `${countOf(estimate.pages, 'page')}, ${historySpan(estimate.days)}`;
}

/**
 * Headline of a passed test. Without a credential it is the address that works; the words follow what was asked for.
 */
export function passedTitle(authKind: string): string {
	if (authKind === 'none') return 'This works';
	return authKind === 'basic' ? 'This name and password work' : 'This key works';
}

/** "Prometheus answered in 214 ms. 3 calls made, nothing changed in your account." */
export function passedText(serviceName: string, result: TestPassed): string {
	const took =
		result.durationMs < 1000
			? `${Math.max(1, Math.round(result.durationMs))} ms`
			: `${(result.durationMs / 1000).toFixed(1)} s`;
	if (result.calls === 0) return `${serviceName} answered in ${took}. No call left this server.`;
	return `${serviceName} answered in ${took}. ${countOf(result.calls, 'call')} made, nothing was changed there.`;
}

/** "These credentials can read 9 of 11 metrics", and what to do about the rest. */
export function permissionText(permissions: TestPassed['permissions']): {
	title: string;
	advice: string | null;
} {
	const readable = permissions.filter((permission) => permission.readable).length;
	const missing = permissions.length - readable;
	return {
		title: `Can read ${readable} of ${countOf(permissions.length, 'metric')}`,
		advice:
			missing === 0
				? null
				: `You can connect now and add what is missing any time; the other ${missing === 1 ? 'metric starts' : `${missing} metrics start`} then.`,
	};
}

/**
 * How much of the service's published limit the history takes, when both are known. Below one window the
 * calls are the share; above it fetching is spread over several and never takes more than the window holds.
 */
export function limitShare(
	estimate: TestPassed['estimate'],
	rateLimit: { description: string; requests: number; perSeconds: number } | null,
): { share: number; text: string } | null {
	if (!estimate || !rateLimit || rateLimit.requests <= 0) return null;
	const share = Math.min(1, estimate.calls / rateLimit.requests);
	const percent = share < 0.01 ? 'under 1%' : `${Math.round(share * 100)}%`;
	return { share, text: `${percent} of the limit: ${rateLimit.description}` };
}
