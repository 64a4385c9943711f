export type Density = 'comfortable' | 'compact';

/** Read again before the first paint by the script in app.html. */
const DENSITY_KEY = 'tributary-density';

/** The density this page is drawn in. */
export function readDensity(): Density {
	return document.documentElement.dataset['density'] === 'compact' ? 'compact' : 'comfortable';
}

/** Changes row heights at once and keeps the choice in this browser. */
export function setDensity(density: Density): void {
	document.documentElement.dataset['density'] = density;
	try {
		localStorage.setItem(DENSITY_KEY, density);
	} catch {
		// Storage can be forbidden; the choice then lasts as long as the page.
	}
}
