/** Where a key takes the cursor, and where its tip goes. */

/** Where a key takes the cursor; null when the key is none of its. Without a cursor it enters at the last bucket. */
export function cursorAfterKey(
	key: string,
	index: number | null,
	length: number,
	page = 7,
): number | null {
	if (length === 0) return null;
	const last = length - 1;
	const from = index ?? last;
	const target = {
		ArrowLeft: index === null ? last : from - 1,
		ArrowRight: index === null ? last : from + 1,
		PageUp: from - page,
		PageDown: from + page,
		Home: 0,
		End: last,
	}[key];
	return target === undefined ? null : Math.max(0, Math.min(last, target));
}

export interface TipBox {
	/** The point explained, in px of the plot's frame. */
	x: number;
	y: number;
	width: number;
	height: number;
	frameWidth: number;
	frameHeight: number;
}

/** Distance between the point and its tooltip. */
const TIP_GAP_PX = 14;

/** Left and top of a tooltip: below and beside the point, on the side with room, inside the frame where it fits. */
export function placeTip({ x, y, width, height, frameWidth, frameHeight }: TipBox): {
	left: number;
	top: number;
} {
	const right = x + TIP_GAP_PX;
	const left = right + width <= frameWidth ? right : Math.max(0, x - TIP_GAP_PX - width);
	const top = Math.max(0, Math.min(y + TIP_GAP_PX, frameHeight - height));
	return { left, top };
}
