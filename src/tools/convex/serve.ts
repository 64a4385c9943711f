/** `npm run convex -- serve` */
export const usage = 'usage: npm run convex -- serve --functions <dir> --data <dir>';

export async function run(_args: string[]): Promise<number> {
	return 1;
}
