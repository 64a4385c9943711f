import { describe, expect, it, vi } from 'vitest';
import type {
	ConnectFormBackend,
	TestPassed,
} from '../../../../src/routes/(app)/connectForm/backend.ts';
import { ConnectFormState } from '../../../../src/routes/(app)/connectForm/connectFormState.svelte.ts';
import { manifest } from './manifest.ts';

const passed: TestPassed = {
	ok: true,
	account: { id: 'acct_1', name: 'Acme', details: [] },
	durationMs: 12,
	calls: 1,
	permissions: [],
	estimate: null,
};
const isPrivate = {
	ok: false as const,
	failure: {
		code: 'PRIVATE_ADDRESS',
		message: 'Private.',
		remedy: 'changeSetting' as const,
		host: '127.0.0.1:9090',
	},
};

function formWith(backend: Partial<ConnectFormBackend> = {}, isReconnect = false) {
	const all: ConnectFormBackend = {
		test: vi.fn(async () => passed),
		options: vi.fn(async () => ({ ok: true as const, options: [] })),
		preview: vi.fn(async () => ({ ok: true as const, text: 'now 1', value: 1 })),
		save: vi.fn(async () => ({ ok: true as const, connectionId: 'c1' })),
		allowHost: vi.fn(async () => {}),
		...backend,
	};
	const form = new ConnectFormState({
		manifest,
		backend: all,
		name: 'Gauges',
		authId: 'basic',
		isReconnect,
		known: {
			baseUrl: 'http://127.0.0.1:9090',
			username: 'maya',
			queries: [{ id: 'up', name: 'Up', query: 'up' }],
		},
	});
	return { form, backend: all };
}

async function testedForm() {
	const made = formWith();
	made.form.setValue('password', 's3cret');
	await made.form.test();
	return made;
}

describe('testing', () => {
	it('asks nobody while a required field is empty', async () => {
		const { form, backend } = formWith();
		expect(await form.test()).toBe(false);
		expect(form.errors).toHaveProperty('password');
		expect(backend.test).not.toHaveBeenCalled();
	});

	it('keeps the answer and opens the way to connect', async () => {
		const { form, backend } = await testedForm();
		expect(form.isTested).toBe(true);
		expect(form.reasonNotToConnect).toBeNull();
		expect(backend.test).toHaveBeenCalledWith({
			authId: 'basic',
			values: expect.objectContaining({ baseUrl: 'http://127.0.0.1:9090', password: 's3cret' }),
		});
	});

	it.each([
		['a field', (form: ConnectFormState) => form.setValue('baseUrl', 'http://b')],
		['a row', (form: ConnectFormState) => form.setRow('queries', 0, { query: 'up > 0' })],
		['a removed row', (form: ConnectFormState) => form.removeRow('queries', 0)],
		['the way of signing in', (form: ConnectFormState) => form.setAuth('none')],
	])('returns to untested when %s is edited', async (_what, edit) => {
		const { form } = await testedForm();
		edit(form);
		expect(form.isTested).toBe(false);
		expect(form.reasonNotToConnect).toMatch(/^Test first/);
	});

	it('a new name needs no new test', async () => {
		const { form } = await testedForm();
		form.name = 'Other';
		expect(form.isTested).toBe(true);
	});

	it('drops an answer that arrives after an edit', async () => {
		let answer: (value: TestPassed) => void = () => {};
		const { form } = formWith({ test: () => new Promise((resolve) => (answer = resolve)) });
		form.setValue('password', 's3cret');
		const running = form.test();
		expect(form.busy).toBe('testing');
		form.setValue('password', 'another');
		answer(passed);
		expect(await running).toBe(false);
		expect(form.isTested).toBe(false);
		expect(form.busy).toBeNull();
	});

	it('puts a sentence about one row at that row, counting the blank ones the server never saw', async () => {
		const failure = {
			code: 'QUERY_INVALID',
			message: '"Late": unclosed.',
			remedy: 'changeSetting' as const,
		};
		const { form } = formWith({ test: async () => ({ ok: false, failure }) });
		form.setValue('password', 's3cret');
		form.addRow('queries');
		form.addRow('queries');
		form.setRow('queries', 2, { name: 'Late', query: 'sum(' });
		await form.test();
		expect(form.errors).toEqual({ 'queries.2.query': 'unclosed.' });
		form.setRow('queries', 2, { query: 'sum(up)' });
		expect(form.errors).toEqual({});
	});

	it('shows a call that throws as a failure without its text', async () => {
		const { form } = formWith({ test: () => Promise.reject(new Error('leaked s3cret')) });
		form.setValue('password', 's3cret');
		await form.test();
		expect(form.panel?.code).toBe('SERVER_BUG');
		expect(JSON.stringify(form.panel)).not.toContain('s3cret');
	});
});

describe('allowing a private address', () => {
	it('allows the host of the error and tests again, in one step', async () => {
		const test = vi
			.fn<ConnectFormBackend['test']>()
			.mockResolvedValueOnce(isPrivate)
			.mockResolvedValue(passed);
		const { form, backend } = formWith({ test });
		form.setValue('password', 's3cret');
		await form.test();
		expect(form.panel?.host).toBe('127.0.0.1:9090');
		expect(await form.allow('127.0.0.1:9090')).toBe(true);
		expect(backend.allowHost).toHaveBeenCalledExactlyOnceWith('127.0.0.1:9090');
		expect(test).toHaveBeenCalledTimes(2);
		expect(form.isTested).toBe(true);
	});

	it('says so when the person may not', async () => {
		const refusal = Object.assign(new Error('x'), {
			data: { code: 'FORBIDDEN', message: 'Only the owner may.' },
		});
		const { form } = formWith({
			test: async () => isPrivate,
			allowHost: () => Promise.reject(refusal),
		});
		form.setValue('password', 's3cret');
		await form.test();
		expect(await form.allow('127.0.0.1:9090')).toBe(false);
		expect(form.panel).toMatchObject({ code: 'FORBIDDEN', message: 'Only the owner may.' });
	});

	it('offers the way out as soon as a preview meets it', async () => {
		const { form } = formWith({ preview: async () => isPrivate });
		await form.preview('queries', {
			rowKey: 'a',
			id: '',
			name: 'Up',
			query: 'up',
			unit: 'none',
			kind: 'gauge',
		});
		expect(form.panel?.code).toBe('PRIVATE_ADDRESS');
	});
});

describe('saving', () => {
	it('saves only what was tested, then forgets the secret', async () => {
		const { form, backend } = formWith();
		expect(await form.save()).toBeNull();
		expect(backend.save).not.toHaveBeenCalled();
		form.setValue('password', 's3cret');
		await form.test();
		expect(await form.save()).toBe('c1');
		expect(JSON.stringify(form.values)).not.toContain('s3cret');
	});

	it('places a refusal and asks for a new test', async () => {
		const failure = {
			code: 'ALREADY_CONNECTED',
			message: 'It is.',
			remedy: 'changeSetting' as const,
			connectionId: 'c9',
		};
		const { form } = formWith({ save: async () => ({ ok: false, failure }) });
		form.setValue('password', 's3cret');
		await form.test();
		expect(await form.save()).toBeNull();
		expect(form.panel?.connectionId).toBe('c9');
		expect(form.isTested).toBe(false);
	});
});

describe('reconnecting', () => {
	it('tests with the stored secret when none is typed, unless another way of signing in is chosen', async () => {
		const { form, backend } = formWith({}, true);
		expect(await form.test()).toBe(true);
		expect(vi.mocked(backend.test).mock.calls[0]?.[0].values).not.toHaveProperty('password');
		expect(form.kept).toEqual(['username', 'password']);
		form.setAuth('none');
		expect(form.kept).toEqual([]);
	});

	it('waits for what a list of choices depends on', () => {
		expect(formWith().form.waitsFor('boxes')).toEqual(['Password']);
		expect(formWith({}, true).form.waitsFor('boxes')).toEqual([]);
	});
});
