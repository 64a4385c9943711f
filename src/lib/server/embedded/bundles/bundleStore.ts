/** Bundles in the data folder: made when a source has changed, taken as they are when none has. */
import { createHash, randomInt } from 'node:crypto';
import {
	cpSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { BundledModule } from './bundle.ts';
import { fingerprintOf, type BundleInputs } from './bundleInputs.ts';
import type { ComponentDefinition } from './definitions.ts';
import { claimFolder } from '../functions/instanceRuntime.ts';
import type { KnownFunction } from './loadedFunctions.ts';

export interface StoredDefinition extends ComponentDefinition {
	modules: BundledModule[];
	/** Where its modules lie, below the bundles' folder. */
	subfolder: string;
	/** What its modules declare; missing until they were imported once. */
	functions?: KnownFunction[];
}

/** What one push is made from. No other push of this process has imported, or will import, from the same folder. */
export interface Bundles {
	/** Absolute. */
	folder: string;
	/** The app's first. */
	definitions: StoredDefinition[];
	/** False: nothing had changed since they were made. */
	wasBundled: boolean;
	/** Without this push the folder would not be there. */
	isNewFolder: boolean;
	/** To be written once they are found fit to serve; null: it is there, or they must not be kept. */
	manifest: Manifest | null;
}

interface Manifest {
	app: string;
	inputs: BundleInputs;
	fingerprint: string;
	/** With their digests: after a power failure files may be there without what was written to them, at their full size. */
	outputs: [file: string, sha256: string][];
	definitions: StoredDefinition[];
}

const MANIFEST = 'manifest.json';
/** File systems round times, at worst to the tick of the kernel's clock. */
const CLOCK_TICK_MS = 20;
const MAX_FOLDER_NUMBER = 2 ** 47;

export class BundleStore {
	private readonly root: string;

	/** @param root absolute; all in it is the store's */
	constructor(root: string) {
		this.root = root;
		mkdirSync(root, { recursive: true, mode: 0o700 });
	}

	/**
	 * @param app absolute convex folder
	 * @param isUnchanged take what was kept last, whatever has become of the sources. @throws PushError
	 */
	async open(app: string, isUnchanged = false): Promise<Bundles> {
		return this.openKept(app, isUnchanged) ?? (await this.bundle(app));
	}

	/** For a push that succeeded. Removes all others; modules already imported do not need their files. */
	keep({ folder, manifest }: Bundles): void {
		if (manifest) writeFileSync(path.join(folder, MANIFEST), JSON.stringify(manifest));
		for (const name of readdirSync(this.root)) {
			if (name !== path.basename(folder)) remove(path.join(this.root, name));
		}
	}

	/** For a push that failed. */
	discard({ folder, isNewFolder }: Bundles): void {
		if (isNewFolder) remove(folder);
	}

	private openKept(app: string, isUnchanged: boolean): Bundles | null {
		for (const name of readdirSync(this.root)) {
			const kept = path.join(this.root, name);
			const manifest = readManifest(kept);
			if (!manifest || manifest.app !== app || !isWhole(kept, manifest)) continue;
			if (!isUnchanged && fingerprintOf(manifest.inputs) !== manifest.fingerprint) continue;
			const isNewFolder = !claimFolder(kept);
			const folder = isNewFolder ? this.newFolder() : kept;
			if (isNewFolder) cpSync(kept, folder, { recursive: true });
			const { definitions } = manifest;
			return { folder, definitions, wasBundled: false, isNewFolder, manifest: null };
		}
		return null;
	}

	private async bundle(app: string): Promise<Bundles> {
		const folder = this.newFolder();
		try {
			// Bundles are ES modules whatever package.json lies above the data folder.
			const marker = path.join(folder, 'package.json');
			writeFileSync(marker, '{"type":"module"}\n');
			const startedMs = statSync(marker).mtimeMs;
			const { buildBundles } = await import('./buildBundles.ts');
			const built = await buildBundles(app, folder);
			const outputs = new Map<string, string>();
			const definitions = built.definitions.map(({ files, externals, ...definition }, index) => {
				const subfolder = String(index);
				mkdirSync(path.join(folder, subfolder));
				for (const [file, text] of files) outputs.set(`${subfolder}/${file}`, text);
				for (const { name, folder: installed } of externals) {
					linkPackage(installed, path.join(folder, subfolder, 'node_modules', name));
				}
				return { ...definition, subfolder };
			});
			for (const [file, text] of outputs) writeOutput(path.join(folder, file), text);
			const { inputs } = built;
			const manifest: Manifest = {
				app,
				inputs,
				fingerprint: fingerprintOf(inputs),
				outputs: [...outputs].map(([file, text]) => [file, digestOf(text)]),
				definitions,
			};
			// A file that changed meanwhile may have been read before it did: such bundles serve, but not again.
			const isDated = changedSince(startedMs - CLOCK_TICK_MS, inputs);
			return {
				folder,
				definitions,
				wasBundled: true,
				isNewFolder: true,
				manifest: isDated ? null : manifest,
			};
		} catch (error) {
			remove(folder);
			throw error;
		}
	}

	private newFolder(): string {
		const folder = path.join(this.root, `v${randomInt(MAX_FOLDER_NUMBER)}`);
		mkdirSync(folder, { mode: 0o700 });
		claimFolder(folder);
		return folder;
	}
}

function remove(folder: string): void {
	rmSync(folder, { recursive: true, force: true });
}

function readManifest(folder: string): Manifest | null {
	try {
		return JSON.parse(readFileSync(path.join(folder, MANIFEST), 'utf8')) as Manifest;
	} catch {
		// None, or one that was not written to its end.
		return null;
	}
}

function isWhole(folder: string, { outputs }: Manifest): boolean {
	return outputs.every(
		([file, digest]) =>
			existsSync(path.join(folder, file)) &&
			digestOf(readFileSync(path.join(folder, file))) === digest,
	);
}

function digestOf(content: string | Buffer): string {
	return createHash('sha256').update(content).digest('base64url');
}

/** Bundles lie where no node_modules is above them. */
function linkPackage(installed: string, link: string): void {
	mkdirSync(path.dirname(link), { recursive: true });
	symlinkSync(installed, link, 'junction');
}

function writeOutput(file: string, text: string): void {
	mkdirSync(path.dirname(file), { recursive: true });
	writeFileSync(file, text);
}

function changedSince(sinceMs: number, { files, folders, trees }: BundleInputs): boolean {
	return [...files, ...folders, ...trees].some((file) => {
		const stats = statSync(file, { throwIfNoEntry: false });
		return stats !== undefined && stats.mtimeMs >= sinceMs;
	});
}
