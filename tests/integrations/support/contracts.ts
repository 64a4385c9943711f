import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

interface ContractMock {
	fetch: typeof fetch;
	calls: { operation: string; url: string }[];
	violations: unknown[];
}

type Scenario = (call: {
	operation: string;
	url: URL;
	/** The description's own example. */
	respond: (wanted: { code?: number; example?: string }) => Response;
}) => Response | { code?: number; example?: string } | undefined;

const folder = path.resolve(import.meta.dirname, '../../../../shared/contracts');

/** Why the vendor descriptions cannot be used here; undefined when they can. They are not part of the repository. */
export function whyNoContract(name: string): string | undefined {
	return existsSync(path.join(folder, `${name}.json`))
		? undefined
		: `../shared/contracts/${name}.json is not there`;
}

/** A fetch that holds every request against the vendor's own description and answers with its examples. */
export async function contractFetch(name: string, scenario: Scenario): Promise<ContractMock> {
	const { createContractFetch } = (await import(
		pathToFileURL(path.join(folder, 'contractMock.mjs')).href
	)) as { createContractFetch: (options: unknown) => ContractMock };
	const spec = JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as unknown;
	return createContractFetch({ specs: [spec], ajv: validators(), scenario });
}

type AjvClass = new (options: Record<string, unknown>) => object;

/**
 * The mock is written for ajv 8 with ajv-formats. Where only the linter's ajv 6 is installed it does as well: that one has
 * the formats built in and skips the ones it does not know.
 */
function validators(): { Ajv: AjvClass; Ajv2020: AjvClass; addFormats: (ajv: object) => void } {
	const require = createRequire(import.meta.url);
	const loaded = require('ajv') as AjvClass & { default?: AjvClass };
	const Ajv = loaded.default ?? loaded;
	const { version } = require('ajv/package.json') as { version: string };
	if (!version.startsWith('6.'))
		return {
			Ajv,
			Ajv2020: (require('ajv/dist/2020.js') as { default: AjvClass }).default,
			addFormats: (require('ajv-formats') as { default: (ajv: object) => void }).default,
		};
	class Ajv6 extends (Ajv as AjvClass) {
		constructor({ strict: _, validateSchema, allErrors, logger }: Record<string, unknown>) {
			super({ validateSchema, allErrors, logger, unknownFormats: 'ignore', schemaId: '$id' });
		}
	}
	return { Ajv: Ajv6, Ajv2020: Ajv6, addFormats: () => {} };
}
