export type PushErrorCode =
	| 'FolderMissing'
	| 'BundleFailed'
	| 'NodeBuiltinWithoutUseNode'
	| 'UseNodeNotAllowed'
	| 'DuplicateModule'
	| 'InvalidModulePath'
	| 'ImportFailed'
	| 'InvalidFunction'
	| 'InvalidSchema'
	| 'InvalidCrons'
	| 'InvalidHttpRouter'
	| 'InvalidAuthConfig'
	| 'InvalidComponent'
	| 'InvalidSettings'
	| 'SchemaViolation'
	| 'UnsupportedFeature';

/** Why a folder was not taken over; the version before it keeps serving. */
export class PushError extends Error {
	readonly code: PushErrorCode;
	/** Relative to the convex folder (or to the component's), '/' as separator; null when no single file is at fault. */
	readonly file: string | null;
	constructor(code: PushErrorCode, file: string | null, message: string) {
		super(file === null ? message : `${file}: ${message}`);
		this.name = 'PushError';
		this.code = code;
		this.file = file;
	}
}
