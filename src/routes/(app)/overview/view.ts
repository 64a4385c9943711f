/** What a reader chose on Overview; it lives in the address, so that a link shows the same. */
export interface OverviewView {
	rangeDays: 7 | 30 | 90 | 365;
	compare: boolean;
	/** Only what is late, broken or waiting. */
	needsALook: boolean;
}

const RANGES = [7, 30, 90, 365] as const;
const DEFAULT: OverviewView = { rangeDays: 30, compare: true, needsALook: false };

/** The choices of the range control: "12m" for a year. */
export const overviewRanges = RANGES.map((days) => ({
	value: String(days),
	label: days === 365 ? '12m' : `${days}d`,
}));

/** Anything not understood is the default: an address is typed by people. */
export function parseOverviewView(params: URLSearchParams): OverviewView {
	const rangeDays =
		RANGES.find((days) => String(days) === params.get('range')) ?? DEFAULT.rangeDays;
	return {
		rangeDays,
		compare: params.get('compare') !== '0',
		needsALook: params.get('look') === '1',
	};
}

/** The query string of a view, empty for the default one. */
export function overviewQuery(view: OverviewView): string {
	const params = new URLSearchParams();
	if (view.rangeDays !== DEFAULT.rangeDays) params.set('range', String(view.rangeDays));
	if (!view.compare) params.set('compare', '0');
	if (view.needsALook) params.set('look', '1');
	const query = params.toString();
	return query ? `?${query}` : '';
}
