import { redirect } from '@sveltejs/kit';
import { api } from '../../convex/_generated/api.js';
import { getBridge } from '$lib/server/host/bridge.ts';
import { callerFor, isSignedOut } from '$lib/server/host/calls.ts';
import { renewToken } from '$lib/server/host/session.ts';
import { nextPath as pathAfterSignIn } from './(auth)/sign-in/nextPath.ts';
import type { LayoutServerLoad } from './$types';

/** Only a path of this site may be returned to after signing in. */
function nextPath(url: URL): string {
	const path = url.pathname + url.search;
	return path === '/' ? '' : `?next=${encodeURIComponent(path)}`;
}

async function viewerOf(token: string | undefined) {
	if (!token) return null;
	try {
		return await callerFor(token).query(api.viewer.me, {});
	} catch (error) {
		// A server in trouble must not look like a session that has ended.
		if (isSignedOut(error)) return null;
		throw error;
	}
}

export const load: LayoutServerLoad = async ({ locals, url, request, getClientAddress }) => {
	const bridge = getBridge();
	let viewer = await viewerOf(locals.token);
	if (!viewer && locals.token) {
		// The token was refused (key rotated, origin changed) although its session may be alive.
		const renewed = await renewToken(
			request.headers.get('cookie') ?? '',
			url.origin,
			getClientAddress(),
		);
		viewer = await viewerOf(renewed.token);
		if (viewer) locals.token = renewed.token;
	}
	const setup = viewer
		? { needsOwner: false, needsCode: false }
		: await callerFor(undefined).query(api.setup.status, {});
	const isOpenPage = url.pathname === '/setup' || url.pathname === '/sign-in';
	if (!viewer && setup.needsOwner && url.pathname !== '/setup') redirect(303, '/setup');
	if (!viewer && !setup.needsOwner && url.pathname !== '/sign-in') {
		redirect(303, `/sign-in${nextPath(url)}`);
	}
	if (viewer && isOpenPage) redirect(303, pathAfterSignIn(url.searchParams.get('next')));
	return {
		viewer,
		...setup,
		convexUrl: bridge.convexUrl,
		dataDir: viewer || setup.needsOwner ? bridge.dataDir : null,
	};
};
