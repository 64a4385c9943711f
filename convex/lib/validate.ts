/** Checks of what people type, each adding a sentence to `problems` under the argument's name. */

const NAME_MAX_LENGTH = 80;
/** RFC 5321's limit for a path. */
const EMAIL_MAX_LENGTH = 254;

export type Problems = Record<string, string>;

export function checkName(problems: Problems, field: string, value: string): void {
	const length = value.trim().length;
	if (length === 0) problems[field] = 'A name is needed.';
	else if (length > NAME_MAX_LENGTH)
		problems[field] = `A name has at most ${NAME_MAX_LENGTH} signs.`;
}

/** Only what every address has; whether it exists, nothing short of a mail can tell. */
export function checkEmail(problems: Problems, field: string, value: string): void {
	if (value.length > EMAIL_MAX_LENGTH || !/^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(value)) {
		problems[field] = 'This is not an e-mail address. It needs the form name@example.com.';
	}
}

/** @param value an IANA name such as Europe/Berlin, or UTC */
export function checkTimeZone(problems: Problems, field: string, value: string): void {
	try {
		new Intl.DateTimeFormat('en-US', { timeZone: value });
	} catch {
		problems[field] =
			'This time zone is unknown here. Pick one from the list, such as Europe/Berlin.';
	}
}
