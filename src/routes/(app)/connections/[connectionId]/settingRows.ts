import type {
	Json,
	PropertyDescription,
} from '../../../../lib/server/integrations/sdk/manifest.ts';

/** One declared setting as lines of text. */
export interface SettingRow {
	name: string;
	label: string;
	lines: string[];
	isMono: boolean;
}

function linesOf(property: PropertyDescription, value: Json): string[] {
	if (property.kind === 'checkbox') return [value === true ? 'Yes' : 'No'];
	if (property.kind === 'queries' && Array.isArray(value))
		return value.map((item) => {
			const row = (item ?? {}) as { name?: Json; query?: Json };
			return `${String(row.name ?? '')}: ${String(row.query ?? '')}`;
		});
	const label = (one: Json) =>
		property.options?.find((option) => option.value === one)?.label ?? String(one);
	return Array.isArray(value) ? value.map(label) : [label(value)];
}

/** The settings that hold something, in their declared order. Secrets are not settings and never get here. */
export function settingRows(
	properties: readonly PropertyDescription[],
	settings: Record<string, Json>,
): SettingRow[] {
	return properties.flatMap((property) => {
		const value = settings[property.name];
		if (property.kind === 'secret' || value === undefined || value === null || value === '')
			return [];
		return [
			{
				name: property.name,
				label: property.label,
				lines: linesOf(property, value),
				isMono: property.kind === 'url' || property.kind === 'queries',
			},
		];
	});
}
