import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
	OptionList,
	searchDelayMs,
} from '../../../../src/routes/(app)/connectForm/optionList.svelte.ts';
import {
	previewDelayMs,
	RowPreview,
} from '../../../../src/routes/(app)/connectForm/rowPreview.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const options = (...values: string[]) => ({
	ok: true as const,
	options: values.map((value) => ({ value, label: value.toUpperCase() })),
});

describe('OptionList', () => {
	it('asks once after typing rests', async () => {
		const load = vi.fn(async () => options('a'));
		const list = new OptionList(load);
		list.search('t');
		list.search('tr');
		await vi.advanceTimersByTimeAsync(searchDelayMs);
		expect(load).toHaveBeenCalledExactlyOnceWith('tr');
		expect(list.options).toHaveLength(1);
	});

	it('drops answers that arrive out of order', async () => {
		const answers: ((value: ReturnType<typeof options>) => void)[] = [];
		const list = new OptionList(() => new Promise((resolve) => answers.push(resolve)));
		const first = list.load('old');
		const second = list.load('new');
		answers[1]?.(options('new'));
		answers[0]?.(options('old'));
		await Promise.all([first, second]);
		expect(list.options.map((option) => option.value)).toEqual(['new']);
	});

	it('keeps the label of a chosen value that a search no longer lists', async () => {
		const load = vi.fn().mockResolvedValueOnce(options('a')).mockResolvedValueOnce(options('b'));
		const list = new OptionList(load);
		await list.load();
		await list.load('b');
		expect(list.withChosen(['a', 'zz'])).toEqual([
			{ value: 'b', label: 'B' },
			{ value: 'a', label: 'A' },
			{ value: 'zz', label: 'zz' },
		]);
	});
});

describe('RowPreview', () => {
	it('asks after a pause and shows only the newest answer', async () => {
		const preview = new RowPreview();
		const stale = vi.fn(async () => ({ ok: true as const, text: 'old', value: 1 }));
		preview.schedule(stale);
		await vi.advanceTimersByTimeAsync(previewDelayMs - 1);
		preview.schedule(async () => ({ ok: true as const, text: 'now 2', value: 2 }));
		expect(preview.state.kind).toBe('checking');
		await vi.advanceTimersByTimeAsync(previewDelayMs);
		expect(stale).not.toHaveBeenCalled();
		expect(preview.state).toEqual({ kind: 'ok', text: 'now 2', value: 2 });
	});

	it('says what is wrong with a query, and nothing once it is empty again', async () => {
		const preview = new RowPreview();
		const failure = {
			code: 'QUERY_INVALID',
			message: 'Unclosed bracket.',
			remedy: 'changeSetting' as const,
		};
		preview.schedule(async () => ({ ok: false as const, failure }));
		await vi.advanceTimersByTimeAsync(previewDelayMs);
		expect(preview.state).toEqual({
			kind: 'failed',
			code: 'QUERY_INVALID',
			text: 'Unclosed bracket.',
		});
		preview.clear();
		expect(preview.state.kind).toBe('idle');
	});
});
