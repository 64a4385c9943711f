import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { readText, repositoryFiles } from './support.ts';

/** What must be proven, by the id that the proving test's name carries. */
const DEMANDED: Record<string, string> = {
	'S3-01': 'each service is a complete class of its own, named after it',
	'S3-02': 'every folder is registered, and nothing twice',
	'S3-04': 'every registered integration has a tester',
	'S3-05': 'a missing key costs no request; each refusal has its own message',
	'S3-06': 'an unknown integration is an explicit error',
	'S3-07': 'credentials go out in the way they were declared',
	'S3-08': 'several credentials are stored and read safely; a broken one is told',
	'S3-10': 'server and client work by one manifest',
	'S3-11': 'a fetch honours series and range, pages and limits',
	'S3-12': 'snapshot, events and hybrid: history once, then only what is new',
	'S3-14': 'an icon for each service',
	'S3-15': 'each service in its category of the catalogue',
	'S3-16': 'a connection test says who we are, or why not',
	'S3-17': 'a sync never fails silently',
	'S3-19': 'resuming anywhere gives the same points; limits are waited for',
	'SEC-1': 'this machine, however it is spelt',
	'SEC-2': 'this machine in disguise',
	'SEC-3': 'private IPv6',
	'SEC-4': 'IPv4 inside IPv6',
	'SEC-5': 'private ranges, unless the owner allowed the host',
	'SEC-6': 'metadata addresses, allowed or not',
	'SEC-14': 'addresses with credentials, other schemes, foreign ports',
	'SEC-15': 'a changed address does not get the stored secret',
	'SEC-16': 'no public function returns a secret',
	'SEC-20': 'no start with a short or default key',
};

const RUNNERS = /^(it|test|describe)$/;
/** A test that does not run proves nothing. */
const NOT_RUN = /\.(skip|todo|fails)\b/;

/** Titles of the tests in a file, and of the groups that hold at least one. */
function titlesOf(file: string): string[] {
	const source = ts.createSourceFile(file, readText(file), ts.ScriptTarget.Latest, true);
	const titles: string[] = [];
	const visit = (node: ts.Node): number => {
		if (!ts.isCallExpression(node)) return visitChildren(node);
		const call = titledCall(node);
		if (!call) return visitChildren(node);
		if (call.isSkipped) return 0;
		const inner = visitChildren(node);
		if (!call.isGroup || inner > 0) titles.push(call.title);
		return call.isGroup ? inner : 1;
	};
	const visitChildren = (node: ts.Node): number => {
		let count = 0;
		ts.forEachChild(node, (child) => void (count += visit(child)));
		return count;
	};
	visit(source);
	return titles;
}

/** `it('…')`, `test.each(rows)('…')`, `describe.runIf(x)(`…`)`: the title, when this is such a call. */
function titledCall(node: ts.CallExpression) {
	const [first] = node.arguments;
	if (!first) return null;
	const isText = ts.isStringLiteralLike(first) || ts.isTemplateExpression(first);
	if (!isText) return null;
	let callee: ts.Expression = node.expression;
	while (!ts.isIdentifier(callee)) {
		if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee))
			callee = callee.expression;
		else if (ts.isTaggedTemplateExpression(callee)) callee = callee.tag;
		else return null;
	}
	if (!RUNNERS.test(callee.text)) return null;
	return {
		title: first.getText().slice(1, -1),
		isGroup: callee.text === 'describe' || /\.describe\b/.test(node.expression.getText()),
		isSkipped: NOT_RUN.test(node.expression.getText().replace(/\([^]*/, '')),
	};
}

describe('the checklist', () => {
	const titles = repositoryFiles()
		.filter((file) => /^tests\/.*(\.test|\.e2e)\.ts$/.test(file))
		.filter((file) => !file.endsWith('architecture/checklist.test.ts'))
		.filter((file) => /\b(S\d|SEC)-\d/.test(readText(file)))
		.flatMap(titlesOf);

	it('every line demanded is proven by a test that carries its id', () => {
		const missing = Object.entries(DEMANDED)
			// SEC-1 is not SEC-15.
			.filter(([id]) => !titles.some((title) => new RegExp(`\\b${id}(?!\\d)`).test(title)))
			.map(([id, meaning]) => `${id} ${meaning}`);
		expect(missing, 'no test carries the id of these lines').toEqual([]);
	});
});
