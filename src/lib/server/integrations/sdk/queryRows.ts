import { z } from 'zod';

/** Units a person can pick for a query. */
export const queryUnits = [
	'none',
	'count',
	'percent',
	'ratio',
	'bytes',
	'ms',
	's',
	'perSecond',
] as const;

const kinds = ['gauge', 'delta', 'cumulative'] as const;

/**
 * One user-named metric. `id` is the series key: it stays when the row is renamed, so the history stays too.
 * A row without an id gets one from its name.
 */
export const queryRowSchema = z.object({
	id: z
		.string()
		.trim()
		.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'Use letters, digits, - and _ in the id.')
		.optional(),
	name: z
		.string({ error: 'Give the metric a name.' })
		.trim()
		.min(1, 'Give the metric a name.')
		.max(80, 'Use at most 80 characters for the name.'),
	query: z
		.string({ error: 'Enter the query.' })
		.trim()
		.min(1, 'Enter the query.')
		// Longer than any query a person writes; Prometheus takes it in the URL, where proxies stop at 8 KiB.
		.max(4000, 'Use at most 4000 characters for the query.'),
	unit: z
		.union([z.enum(queryUnits), z.object({ currency: z.string().regex(/^[A-Z]{3}$/) })], {
			error: 'Choose a unit of the list.',
		})
		.default('none'),
	kind: z.enum(kinds, { error: 'Choose a kind of the list.' }).default('gauge'),
});

export type QueryRow = Required<z.infer<typeof queryRowSchema>>;

const slug = (name: string): string =>
	name
		.toLowerCase()
		.normalize('NFKD')
		.replace(/[^a-z0-9]+/g, '_')
		.replace(/^_+|_+$/g, '')
		.slice(0, 48) || 'query';

/** At least one row, names and ids unique; missing ids are filled in. */
export function queriesSchema(max: number): z.ZodType<QueryRow[]> {
	return z
		.array(queryRowSchema, { error: 'Add at least one query.' })
		.min(1, 'Add at least one query.')
		.max(max, `Use at most ${max} queries.`)
		.superRefine((rows, check) => {
			const seen = new Set<string>();
			const ids = new Set<string>();
			rows.forEach((row, index) => {
				const name = row.name.toLowerCase();
				if (seen.has(name))
					check.addIssue({
						code: 'custom',
						path: [index, 'name'],
						message: `Two queries are named "${row.name}". Give each its own name.`,
					});
				seen.add(name);
				if (row.id !== undefined && ids.has(row.id))
					check.addIssue({
						code: 'custom',
						path: [index, 'id'],
						message: `Two queries share the id "${row.id}".`,
					});
				if (row.id !== undefined) ids.add(row.id);
			});
		})
		.transform((rows) => {
			const taken = new Set(rows.flatMap((row) => (row.id === undefined ? [] : [row.id])));
			return rows.map((row) => {
				if (row.id !== undefined) return { ...row, id: row.id };
				const base = slug(row.name);
				let id = base;
				for (let n = 2; taken.has(id); n++) id = `${base}_${n}`;
				taken.add(id);
				return { ...row, id };
			});
		});
}
