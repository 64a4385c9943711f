/** Growing byte buffer and its reader, for the packed columns. Integers are varints, floats lose leading and trailing zero bytes. */

/** A packed column that was cut short or is of a version this code does not know. */
export class CodecError extends Error {
	readonly code = 'CHUNK_DAMAGED';

	constructor(message: string) {
		super(message);
		this.name = 'CodecError';
	}
}

export class ByteWriter {
	#bytes = new Uint8Array(256);
	#length = 0;

	byte(value: number): void {
		if (this.#length === this.#bytes.length) {
			const grown = new Uint8Array(this.#bytes.length * 2);
			grown.set(this.#bytes);
			this.#bytes = grown;
		}
		this.#bytes[this.#length++] = value;
	}

	/** A whole number from 0 to 2^53, 7 bits a byte. Arithmetic, since bit operators stop at 32 bits. */
	varint(value: number): void {
		let rest = value;
		while (rest >= 128) {
			this.byte((rest % 128) + 128);
			rest = Math.floor(rest / 128);
		}
		this.byte(rest);
	}

	/** A whole number from -2^52 to 2^52, zigzag. */
	signed(value: number): void {
		this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
	}

	finish(): ArrayBuffer {
		return this.#bytes.slice(0, this.#length).buffer;
	}
}

export class ByteReader {
	readonly #bytes: Uint8Array;
	#offset = 0;

	constructor(data: ArrayBuffer) {
		this.#bytes = new Uint8Array(data);
	}

	byte(): number {
		if (this.#offset >= this.#bytes.length) throw new CodecError('A packed column ends too early.');
		return this.#bytes[this.#offset++]!;
	}

	varint(): number {
		let value = 0;
		let scale = 1;
		for (;;) {
			const byte = this.byte();
			if (byte < 128) return value + byte * scale;
			value += (byte - 128) * scale;
			scale *= 128;
			if (scale > Number.MAX_SAFE_INTEGER) throw new CodecError('A packed number is too long.');
		}
	}

	signed(): number {
		const value = this.varint();
		return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
	}

	end(): void {
		if (this.#offset !== this.#bytes.length)
			throw new CodecError('A packed column is followed by unknown bytes.');
	}
}
