import ipaddr from 'ipaddr.js';

/** How an address is treated: called, called only when the owner allowed "host:port", or never. */
export type AddressVerdict = 'public' | 'private' | 'forbidden';

/**
 * Services of cloud providers that hand the machine's own credentials to whoever asks from it: AWS, GCP and Azure
 * (169.254.169.254), ECS and EKS (169.254.170.x), AWS over IPv6, Alibaba, Oracle, and Azure's wire server.
 */
const metadataAddresses = new Set([
	'169.254.169.254',
	'169.254.169.253',
	'169.254.170.2',
	'169.254.170.23',
	'fd00:ec2::254',
	'fd00:ec2::253',
	'fd00:ec2::23',
	'fd20:ce::254',
	'100.100.100.200',
	'192.0.0.192',
	'168.63.129.16',
]);

const metadataNames = new Set([
	'metadata',
	'metadata.google.internal',
	'metadata.goog',
	'instance-data',
	'instance-data.ec2.internal',
]);

// RFC 6761, 6762, 8375, and names that only a private resolver answers.
const privateSuffixes = ['localhost', 'local', 'internal', 'intranet', 'lan', 'home', 'home.arpa'];

/**
 * Judges a host that went through the URL parser, which has already decoded punycode, full-width digits and the
 * 127.1 / 0x7f000001 / 2130706433 spellings. A name says "public" here; what it resolves to is checked when it is dialled.
 */
export function judgeHost(host: string): AddressVerdict {
	const bare = host.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
	if (ipaddr.isValid(bare)) return judgeAddress(bare);
	if (metadataNames.has(bare)) return 'forbidden';
	const isPrivateName =
		!bare.includes('.') ||
		privateSuffixes.some((suffix) => bare === suffix || bare.endsWith(`.${suffix}`));
	return isPrivateName ? 'private' : 'public';
}

/** Judges one IP address in any textual form; what cannot be read is private. */
export function judgeAddress(text: string): AddressVerdict {
	if (!ipaddr.isValid(text)) return 'private';
	const address = ipaddr.parse(text);
	if (metadataAddresses.has(address.toString())) return 'forbidden';
	if (address instanceof ipaddr.IPv6) {
		if (address.range() === 'loopback' || address.range() === 'unspecified') return 'private';
		const embedded = embeddedIPv4(address);
		if (embedded !== undefined) return judgeAddress(embedded);
	}
	return address.range() === 'unicast' ? 'public' : 'private';
}

/** The IPv4 address an IPv6 one leads to: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056), SIIT (RFC 7915). */
function embeddedIPv4(address: InstanceType<typeof ipaddr.IPv6>): string | undefined {
	const p = address.parts;
	const dotted = (high: number, low: number): string =>
		`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
	const isZero = (from: number, to: number): boolean => p.slice(from, to).every((x) => x === 0);
	if (p[0] === 0x2002) return dotted(p[1]!, p[2]!);
	if (p[0] === 0x64 && p[1] === 0xff9b) return dotted(p[6]!, p[7]!);
	if (isZero(0, 5) && (p[5] === 0xffff || p[5] === 0)) return dotted(p[6]!, p[7]!);
	if (isZero(0, 4) && p[4] === 0xffff && p[5] === 0) return dotted(p[6]!, p[7]!);
	return undefined;
}
