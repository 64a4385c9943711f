import {
	property,
	describeProperties,
	type Property,
	type PropertyDescription,
	type PropertyMap,
} from './properties.ts';

/** How a connection proves who it is. OAuth 2 joins this union when the first service needs it. */
export type AuthKind = 'none' | 'secretText' | 'basic' | 'custom';

interface AuthBase {
	/** Unique within the service; stored with the connection. */
	id: string;
	label: string;
	help?: string;
}

/** A declared way to sign in: its inputs, and how they become request headers. */
export type AuthDeclaration =
	| (AuthBase & { kind: 'none' })
	| (AuthBase & {
			kind: 'secretText';
			/** Name of the one secret input. */
			name: string;
			property: Property<string>;
			/** Header the secret travels in; `prefix` includes its trailing space. */
			header: { name: string; prefix: string };
	  })
	| (AuthBase & { kind: 'basic'; username: Property<string>; password: Property<string> })
	| (AuthBase & {
			kind: 'custom';
			properties: PropertyMap;
			headers(credentials: Record<string, string>): Record<string, string>;
	  });

/** The form's view of one way to sign in. */
export interface AuthOption {
	id: string;
	kind: AuthKind;
	label: string;
	help?: string;
	properties: PropertyDescription[];
}

type SecretTextInput = AuthBase & {
	name: string;
	secretLabel: string;
	secretHelp?: string;
	placeholder?: string;
	header?: { name: string; prefix: string };
};

/** Builders of the auth kinds. */
export const auth = {
	none(base: AuthBase): AuthDeclaration {
		return { ...base, kind: 'none' };
	},
	/** One secret, sent as `Authorization: Bearer …` unless the service wants another header. */
	secretText(input: SecretTextInput): AuthDeclaration {
		const { secretLabel, secretHelp, placeholder, ...base } = input;
		return {
			...base,
			kind: 'secretText',
			header: input.header ?? { name: 'authorization', prefix: 'Bearer ' },
			property: property.secret({
				label: secretLabel,
				...(secretHelp === undefined ? {} : { help: secretHelp }),
				...(placeholder === undefined ? {} : { placeholder }),
			}),
		};
	},
	basic(base: AuthBase): AuthDeclaration {
		return {
			...base,
			kind: 'basic',
			username: property.text({ label: 'User name' }),
			password: property.secret({ label: 'Password' }),
		};
	},
	custom(input: Extract<AuthDeclaration, { kind: 'custom' }>): AuthDeclaration {
		return input;
	},
};

/** The inputs of one way to sign in. All of them are sealed, the user name too. */
export function authProperties(declaration: AuthDeclaration): PropertyMap {
	switch (declaration.kind) {
		case 'none':
			return {};
		case 'secretText':
			return { [declaration.name]: declaration.property };
		case 'basic':
			return { username: declaration.username, password: declaration.password };
		case 'custom':
			return declaration.properties;
	}
}

/** Headers that carry the credentials. They are dropped when a redirect leaves the origin. */
export function authHeaders(
	declaration: AuthDeclaration,
	credentials: Record<string, string>,
): Record<string, string> {
	switch (declaration.kind) {
		case 'none':
			return {};
		case 'secretText': {
			const value = credentials[declaration.name] ?? '';
			return { [declaration.header.name]: declaration.header.prefix + value };
		}
		case 'basic':
			return {
				authorization: `Basic ${basicToken(credentials['username'] ?? '', credentials['password'] ?? '')}`,
			};
		case 'custom':
			return declaration.headers(credentials);
	}
}

/** RFC 7617 with UTF-8. */
export function basicToken(username: string, password: string): string {
	return base64Of(`${username}:${password}`);
}

/** Base64 of a text's UTF-8; btoa alone refuses anything beyond Latin-1. */
export function base64Of(text: string): string {
	const bytes = new TextEncoder().encode(text);
	return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export function describeAuth(declaration: AuthDeclaration): AuthOption {
	return {
		id: declaration.id,
		kind: declaration.kind,
		label: declaration.label,
		...(declaration.help === undefined ? {} : { help: declaration.help }),
		properties: describeProperties(authProperties(declaration)),
	};
}
