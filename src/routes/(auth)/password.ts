/** The shortest password the server takes (Better Auth's `minPasswordLength` in convex/auth.ts). */
export const minPasswordLength = 10;

/** From here on length alone makes guessing hopeless, whatever the characters are. */
const strongLength = 12;

export interface PasswordStrength {
	/** Filled bars out of four. */
	bars: 0 | 1 | 2 | 3 | 4;
	text: string;
	isEnough: boolean;
}

function variety(password: string): number {
	return new Set(password.toLowerCase()).size;
}

/**
 * Length and variety, nothing else: rules about capitals and digits make passwords worse. `personal` are words
 * a guesser tries first, such as the person's name, e-mail and company.
 */
export function passwordStrength(
	password: string,
	personal: readonly string[] = [],
): PasswordStrength {
	if (password === '')
		return {
			bars: 0,
			text: `At least ${minPasswordLength} characters, any you like; ${strongLength} are better.`,
			isEnough: false,
		};
	if (password.length < minPasswordLength)
		return {
			bars: 1,
			text: `Too short: ${minPasswordLength - password.length} more to go.`,
			isEnough: false,
		};
	const lower = password.toLowerCase();
	const isPersonal = personal.some(
		(word) => word.length >= 4 && lower.includes(word.toLowerCase()),
	);
	if (isPersonal || variety(password) < 5)
		return {
			bars: 2,
			text: isPersonal
				? 'Easy to guess: it contains your own data.'
				: 'Easy to guess: it repeats itself.',
			isEnough: true,
		};
	if (password.length < strongLength)
		return {
			bars: 2,
			text: `Fair. ${strongLength} characters or more are strong.`,
			isEnough: true,
		};
	return { bars: password.length >= 18 ? 4 : 3, text: 'Strong.', isEnough: true };
}
