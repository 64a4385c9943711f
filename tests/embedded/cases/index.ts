/** Cases written once and run on convex-test and on the embedded deployment. */
import type { Case } from './backend.ts';
import { documentCases } from './documents.ts';
import { errorCases, nestedCases } from './nested.ts';
import { paginationCases, rangeCases } from './ranges.ts';
import { schedulingCases } from './scheduling.ts';
import { validationCases } from './validation.ts';

export const groups: Record<string, Case[]> = {
	documents: documentCases,
	'index ranges': rangeCases,
	pagination: paginationCases,
	'nested calls': nestedCases,
	errors: errorCases,
	validation: validationCases,
	scheduling: schedulingCases,
};
