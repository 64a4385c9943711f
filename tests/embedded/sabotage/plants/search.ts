import type { Plant } from '../plant.ts';

export const SEARCH: Plant[] = [
	{
		name: 'the farthest vectors come first',
		suite: 'search/vector',
		file: 'search/vectorSearch.ts',
		from: 'return b._score - a._score ||',
		to: 'return a._score - b._score ||',
		red: 'the nearest come first',
	},
	{
		name: 'an index that changed is kept',
		suite: 'search/push',
		file: 'search/searchPush.ts',
		from: 'JSON.stringify(definitionOf(index)) === JSON.stringify(wanted.definition)',
		to: 'definitionOf(index) !== null',
		red: 'are built anew when they change, under the same name too',
	},
	{
		name: 'a search does not hear of words that go',
		suite: 'search/live',
		file: 'search/searchWrites.ts',
		from: 'if (before) writes.push(...textRowWrites(index, before));',
		to: '',
		red: 'a live search hears of matching documents only',
	},
	{
		name: 'a search shows what the mutation has replaced',
		suite: 'search/model',
		file: 'search/textSearch.ts',
		from: 'if (entry.base) hidden.add(entry.base.rid);',
		to: '',
		red: 'same documents, same order',
	},
	{
		name: 'the 17th word counts',
		suite: 'search/text',
		file: 'search/textQuery.ts',
		from: 'const MAX_QUERY_TERMS = 16;',
		to: 'const MAX_QUERY_TERMS = 17;',
		red: 'of a question with more than 16 words the first 16 count',
	},
	{
		name: 'a text’s removal is kept from live searches',
		suite: 'search/reactivity',
		file: 'search/searchWrites.ts',
		from: 'if (before) writes.push(...textRowWrites(index, before));',
		to: '',
		red: 'content and order are never stale',
	},
];
