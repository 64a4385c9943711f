/** Cases written once and run on convex-test and on the embedded deployment. */
import type { Case } from './backend.ts';
import { documentCases } from './documents.ts';
import { kindCases, thrownCases, writeCases } from './kinds.ts';
import { errorCases, nestedCases } from './nested.ts';
import { paginationCases, rangeCases } from './ranges.ts';
import { filterCases, queryCases } from './programs.ts';
import { schedulingCases } from './scheduling.ts';
import { fileCases, handleCases, httpCases, systemTableCases } from './system.ts';
import { validationCases } from './validation.ts';

export const groups: Record<string, Case[]> = {
	documents: documentCases,
	'index ranges': rangeCases,
	pagination: paginationCases,
	'nested calls': nestedCases,
	errors: errorCases,
	validation: validationCases,
	scheduling: schedulingCases,
	'kinds of validators': kindCases,
	'what is thrown': thrownCases,
	writes: writeCases,
	filters: filterCases,
	queries: queryCases,
	'system tables': systemTableCases,
	files: fileCases,
	'calls of every kind': handleCases,
	'HTTP actions': httpCases,
};
