/** Looks for secrets where they must not be: in every file below a folder. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Each way a text could lie in a file: as it is, in both byte orders of UTF-16, and in the usual encodings. */
function formsOf(secret: string): Buffer[] {
	const bytes = Buffer.from(secret);
	const utf16 = Buffer.from(secret, 'utf16le');
	// A neighbour shifts base64 by up to two signs; the inner ones stay the same for each of the three shifts.
	const base64 = [0, 1, 2].map((shift) =>
		Buffer.concat([Buffer.alloc(shift), bytes])
			.toString('base64')
			.replace(/=+$/, '')
			.slice(shift === 0 ? 0 : shift + 1, -2),
	);
	return [
		bytes,
		utf16,
		Buffer.from(utf16).swap16(),
		Buffer.from(bytes.toString('hex')),
		Buffer.from(bytes.toString('hex').toUpperCase()),
		Buffer.from(encodeURIComponent(secret)),
		...base64.map((text) => Buffer.from(text)),
		...base64.map((text) => Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_'))),
	];
}

/** `file: secret` for each of `secrets` found in a file below `folder`, in whatever form. */
export function findSecrets(folder: string, secrets: readonly string[]): string[] {
	return filesBelow(folder).flatMap((file) => {
		const content = readFileSync(file);
		return secrets
			.filter((secret) => formsOf(secret).some((form) => content.includes(form)))
			.map((secret) => `${path.relative(folder, file)}: ${secret}`);
	});
}

/** Those of `secrets` that a text holds, in whatever form. */
export function secretsIn(text: string, secrets: readonly string[]): string[] {
	const content = Buffer.from(text);
	return secrets.filter((secret) => formsOf(secret).some((form) => content.includes(form)));
}

export function filesBelow(folder: string): string[] {
	return readdirSync(folder, { recursive: true, encoding: 'utf8' })
		.map((name) => path.join(folder, name))
		.filter((file) => statSync(file).isFile());
}
