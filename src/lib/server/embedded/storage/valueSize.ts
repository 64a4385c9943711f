/** How large a value is, as Convex counts: the measure of every limit in bytes. */
import { specialKey } from './jsonValues.ts';
import type { JsonValue } from '../types.ts';

/** Of convex JSON, as `getConvexSize` of convex/values counts the value it stands for. Bytes. */
export function sizeOf(json: JsonValue): number {
	if (json === null || typeof json === 'boolean') return 1;
	if (typeof json === 'number') return 9;
	if (typeof json === 'string') return 2 + Buffer.byteLength(json);
	if (Array.isArray(json)) return json.reduce<number>((sum, element) => sum + sizeOf(element), 2);
	const special = specialKey(json);
	if (special === '$bytes') return 2 + Buffer.byteLength(String(json.$bytes), 'base64');
	if (special !== null) return 9;
	let bytes = 2;
	for (const name in json) bytes += name.length + 1 + sizeOf(json[name]!);
	return bytes;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** `17.5 MiB`, `16 MiB`: as Convex writes them. */
export function describeBytes(bytes: number): string {
	const inUnits = (unit: number) => Number((bytes / unit).toFixed(2));
	if (bytes >= MIB) return `${inUnits(MIB)} MiB`;
	return bytes >= KIB ? `${inUnits(KIB)} KiB` : `${bytes} B`;
}
