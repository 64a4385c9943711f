/** Every time zone this runtime knows, with UTC first; names with spaces for reading and searching. */
export function timeZoneChoices(): { value: string; label: string }[] {
	const zones = Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC');
	return ['UTC', ...zones].map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') }));
}
