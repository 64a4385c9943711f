/** Distance kept from the anchor and from the window's edges, in px. */
const GAP_PX = 6;
const EDGE_PX = 8;

/** Puts a fixed panel under its anchor, or above where there is more room, and never outside the window. */
export function placeBelow(panel: HTMLElement, anchor: Element, align: 'start' | 'end') {
	const at = anchor.getBoundingClientRect();
	const { offsetWidth: width, offsetHeight: height } = panel;
	const left = align === 'start' ? at.left : at.right - width;
	const fitsBelow = at.bottom + GAP_PX + height <= window.innerHeight - EDGE_PX;
	const top = fitsBelow || at.top < height ? at.bottom + GAP_PX : at.top - GAP_PX - height;
	panel.style.left = `${Math.max(EDGE_PX, Math.min(left, window.innerWidth - width - EDGE_PX))}px`;
	panel.style.top = `${Math.max(EDGE_PX, Math.min(top, window.innerHeight - height - EDGE_PX))}px`;
}
