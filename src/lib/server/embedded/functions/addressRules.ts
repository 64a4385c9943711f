/** Which addresses functions may reach without the owner's leave. */
import ipaddr from 'ipaddr.js';

export type AddressVerdict = 'public' | 'private' | 'metadata';

/** Services of cloud hosts that hand out credentials to whoever asks from the machine. No leave opens these. */
const METADATA_ADDRESSES = new Set([
	'169.254.169.254',
	'169.254.170.2',
	'168.63.129.16',
	'100.100.100.200',
	'fd00:ec2::254',
]);
const METADATA_HOSTS = new Set(['metadata.google.internal', 'metadata', 'metadata.goog']);
/** All that is assigned as public unicast (RFC 4291, IANA). */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

export function isMetadataHost(hostname: string): boolean {
	return METADATA_HOSTS.has(hostname.toLowerCase().replace(/\.$/, ''));
}

/** Loopback, private, link-local, CGNAT, multicast, reserved and unparseable addresses are all 'private'. */
export function judgeAddress(address: string): AddressVerdict {
	const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
	if (!ipaddr.isValid(bare)) return 'private';
	// ::ffff:a.b.c.d is a.b.c.d
	const parsed = ipaddr.process(bare);
	const inner = parsed instanceof ipaddr.IPv6 ? embeddedIPv4(parsed) : null;
	if ([parsed, inner].some((ip) => ip !== null && METADATA_ADDRESSES.has(ip.toString()))) {
		return 'metadata';
	}
	if (parsed.range() !== 'unicast') return 'private';
	if (parsed instanceof ipaddr.IPv6 && !parsed.match(GLOBAL_IPV6)) return 'private';
	return 'public';
}

/** NAT64 and 6to4 addresses lead to the IPv4 address they carry. */
function embeddedIPv4(address: ipaddr.IPv6): ipaddr.IPv4 | null {
	const bytes = address.toByteArray();
	if (address.range() === 'rfc6052') return new ipaddr.IPv4(bytes.slice(12, 16));
	if (address.range() === '6to4') return new ipaddr.IPv4(bytes.slice(2, 6));
	return null;
}
