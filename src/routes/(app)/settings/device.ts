const systems: [RegExp, string][] = [
	[/iphone/i, 'iPhone'],
	[/ipad/i, 'iPad'],
	[/android/i, 'Android'],
	[/windows/i, 'Windows'],
	[/mac os x|macintosh/i, 'Mac'],
	[/cros/i, 'ChromeOS'],
	[/linux|x11/i, 'Linux'],
];

// Order matters: Edge and Opera call themselves Chrome, and Chrome calls itself Safari.
const browsers: [RegExp, string][] = [
	[/edg[ea]?\//i, 'Edge'],
	[/opr\/|opera/i, 'Opera'],
	[/firefox|fxios/i, 'Firefox'],
	[/chrome|chromium|crios/i, 'Chrome'],
	[/safari/i, 'Safari'],
];

const first = (list: [RegExp, string][], text: string): string | undefined =>
	list.find(([pattern]) => pattern.test(text))?.[1];

/** "Firefox on Linux" of a User-Agent header; what it claims is only a hint and is shown as such. */
export function deviceOf(userAgent: string | null): { name: string; isPhone: boolean } {
	if (!userAgent) return { name: 'Unknown device', isPhone: false };
	const system = first(systems, userAgent);
	const browser = first(browsers, userAgent);
	const isPhone = system === 'iPhone' || system === 'Android';
	if (browser && system) return { name: `${browser} on ${system}`, isPhone };
	return { name: browser ?? system ?? 'Unknown device', isPhone };
}
