import type {
	AuthOption,
	Manifest,
	PropertyDescription,
} from '../../../lib/server/integrations/sdk/manifest.ts';

/** The order in which a form asks: where, who, what, and the rest behind "More settings". */
export interface FormLayout {
	address: PropertyDescription[];
	credentials: PropertyDescription[];
	settings: PropertyDescription[];
	advanced: PropertyDescription[];
}

/** The chosen auth option, or the first one when the id is unknown. */
export function authOptionOf(manifest: Manifest, authId: string): AuthOption | undefined {
	return manifest.auth.find((option) => option.id === authId) ?? manifest.auth[0];
}

/** Every property the form sends for this auth option, credentials first. */
export function propertiesOf(manifest: Manifest, authId: string): PropertyDescription[] {
	return [...(authOptionOf(manifest, authId)?.properties ?? []), ...manifest.settings];
}

/**
 * Groups the declared properties. An address comes before the credentials, because people know where their
 * server is before they look for its key, and the address decides whether a key is needed at all.
 */
export function layoutOf(manifest: Manifest, authId: string): FormLayout {
	const credentials = authOptionOf(manifest, authId)?.properties ?? [];
	const plain = manifest.settings.filter((property) => !property.isAdvanced);
	return {
		address: plain.filter((property) => property.kind === 'url'),
		credentials: credentials.filter((property) => !property.isAdvanced),
		settings: plain.filter((property) => property.kind !== 'url'),
		advanced: [...credentials, ...manifest.settings].filter((property) => property.isAdvanced),
	};
}

/** The properties that must hold something before this one can offer choices, by their labels. */
export function unmetDependencies(
	property: PropertyDescription,
	all: readonly PropertyDescription[],
	isFilled: (name: string) => boolean,
): string[] {
	return (property.dependsOn ?? [])
		.filter((name) => all.some((other) => other.name === name) && !isFilled(name))
		.map((name) => all.find((other) => other.name === name)?.label ?? name);
}
