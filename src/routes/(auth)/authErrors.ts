/** What Better Auth's client and our own functions report, reduced to what the page needs. */
export interface AuthFailure {
	code?: string | undefined;
	status?: number | undefined;
	message?: string | undefined;
	/** Field name -> sentence, with VALIDATION. */
	fields?: Record<string, string> | undefined;
}

const texts: Record<string, string> = {
	INVALID_EMAIL_OR_PASSWORD:
		'This email and password do not belong together. Check both and try again.',
	INVALID_PASSWORD: 'This is not your current password. Type the one you signed in with.',
	PASSWORD_TOO_SHORT: 'This password is too short. Use 10 characters or more.',
	PASSWORD_TOO_LONG: 'This password is too long. Use at most 128 characters.',
	INVALID_EMAIL: 'This is not an email address. It looks like maya@acme.eu.',
	SETUP_CLOSED: 'This server has its owner already. Sign in instead.',
	SIGN_UP_CLOSED: 'This server has its owner already. Sign in instead.',
	SETUP_CODE_WRONG:
		'This is not the code. It was printed in the terminal where Tributary was started.',
};

const tooMany =
	'Too many tries. Signing in is closed for this address for a minute; then try again.';
const unreachable =
	'The server did not answer. Nothing was sent twice. Check that it is running, then try again.';
const unknown = 'Something broke on our side. Details are in the server’s log. Try again.';

/** One sentence for a person: what happened and what to do. */
export function authErrorText(failure: AuthFailure): string {
	const known = failure.code ? texts[failure.code] : undefined;
	if (known) return known;
	if (failure.code === 'RATE_LIMITED' || failure.status === 429)
		return failure.code === 'RATE_LIMITED' && failure.message ? failure.message : tooMany;
	if (failure.code === 'VALIDATION' && failure.message) return failure.message;
	if (failure.status === 0 || failure.status === undefined)
		return failure.code ? unknown : unreachable;
	return unknown;
}

/** Reads the code out of anything thrown by a Convex call (ConvexError's `data`) or by fetch. */
export function authFailureOf(error: unknown): AuthFailure {
	const data = (error as { data?: Record<string, unknown> } | null)?.data;
	if (data && typeof data === 'object')
		return {
			code: typeof data.code === 'string' ? data.code : 'UNKNOWN',
			message: typeof data.message === 'string' ? data.message : undefined,
			fields: data.fields as Record<string, string> | undefined,
			status: 400,
		};
	return error instanceof TypeError ? {} : { code: 'UNKNOWN' };
}

/** Fields that must hold something before anything is sent; one sentence each. */
export function missingOwnerFields(form: {
	name: string;
	email: string;
	password: string;
	workspaceName: string;
	code: string;
	needsCode: boolean;
	minPasswordLength: number;
}): Record<string, string> {
	const errors: Record<string, string> = {};
	if (form.needsCode && form.code.trim() === '')
		errors.code =
			'The one-time code is missing. It was printed in the terminal where Tributary was started.';
	if (form.name.trim() === '')
		errors.name = 'Your name is missing. It is shown beside what you change.';
	if (!/^\S+@\S+$/.test(form.email.trim())) errors.email = texts.INVALID_EMAIL ?? '';
	if (form.password.length < form.minPasswordLength)
		errors.password = `This password is too short. Use ${form.minPasswordLength} characters or more.`;
	if (form.workspaceName.trim() === '')
		errors.workspaceName = 'The company’s name is missing. It names the workspace.';
	return errors;
}
