/** A certificate nobody signed, made when it is needed: a key in the repository would be one more secret to explain. */
import { generateKeyPairSync, sign } from 'node:crypto';

const OID_ECDSA_SHA256 = '06082a8648ce3d040302';
const OID_COMMON_NAME = '0603550403';

/** DER: tag, length, content. */
function der(tag: number, ...parts: Buffer[]): Buffer {
	const content = Buffer.concat(parts);
	const { length } = content;
	const size =
		length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
	return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts);

/** UTCTime, RFC 5280 section 4.1.2.5.1. */
function utcTime(at: Date): Buffer {
	return der(0x17, Buffer.from(`${at.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));
}

/** X.509 (RFC 5280) with a P-256 key, valid for a day around now. */
export function selfSigned(commonName: string): { key: string; cert: string } {
	const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const algorithm = sequence(Buffer.from(OID_ECDSA_SHA256, 'hex'));
	const attribute = sequence(
		Buffer.from(OID_COMMON_NAME, 'hex'),
		der(0x0c, Buffer.from(commonName)),
	);
	const name = sequence(der(0x31, attribute));
	const dayMs = 86_400_000;
	const body = sequence(
		der(0xa0, der(0x02, Buffer.from([2]))),
		der(0x02, Buffer.from([1])),
		algorithm,
		name,
		sequence(utcTime(new Date(Date.now() - dayMs)), utcTime(new Date(Date.now() + dayMs))),
		name,
		publicKey.export({ type: 'spki', format: 'der' }),
	);
	const signature = sign('sha256', body, privateKey);
	const whole = sequence(body, algorithm, der(0x03, Buffer.from([0]), signature));
	const lines = whole.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
	return {
		key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
		cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
	};
}
