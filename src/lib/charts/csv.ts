/** Tables as CSV (RFC 4180), safe to open in a spreadsheet. */

/**
 * Signs that make a spreadsheet read a cell as a formula (OWASP, CSV injection); a quote in front keeps it text.
 * Full-width forms count too: some programs fold them.
 */
const FORMULA_START = /^[\s]*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/;

/** One cell. Numbers stay numbers (a negative one is no formula); text is escaped and quoted where needed. */
export function csvCell(value: string | number | null): string {
	if (value === null) return '';
	if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
	const text = FORMULA_START.test(value) ? `'${value}` : value;
	return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows with CRLF ends. The byte order mark makes Excel read UTF-8, without which "€" is garbled. */
export function toCsv(rows: readonly (readonly (string | number | null)[])[]): string {
	return `\uFEFF${rows.map((row) => row.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

/** A file name that every system takes: letters, digits, dots and hyphens. */
export function csvFileName(parts: readonly string[]): string {
	const name = parts
		.map((part) =>
			part
				.normalize('NFKD')
				.replace(/[^\w.-]+/g, '-')
				.replace(/^[-.]+|[-.]+$/g, '')
				.toLowerCase(),
		)
		.filter(Boolean)
		.join('_');
	return `${name || 'tributary'}.csv`;
}
