/**
 * Which owners read a given key? One interval tree per index, so that a commit costs the logarithm of what is
 * subscribed plus what it touches, however many other queries are live.
 */
import type { KeyRange, KeyWrite } from '../types.ts';

interface TreeNode<Owner> {
	start: Uint8Array;
	end: Uint8Array;
	/** Greatest end in this subtree: lets a search skip whole subtrees that finish before the key. */
	maxEnd: Uint8Array;
	owners: Set<Owner>;
	priority: number;
	left: TreeNode<Owner> | null;
	right: TreeNode<Owner> | null;
}

type Tree<Owner> = TreeNode<Owner> | null;

const compareKeys = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);

const compareRanges = (range: KeyRange, node: { start: Uint8Array; end: Uint8Array }): number =>
	compareKeys(range.start, node.start) || compareKeys(range.end, node.end);

function refreshMaxEnd<Owner>(node: TreeNode<Owner>): TreeNode<Owner> {
	let max = node.end;
	if (node.left && compareKeys(node.left.maxEnd, max) > 0) max = node.left.maxEnd;
	if (node.right && compareKeys(node.right.maxEnd, max) > 0) max = node.right.maxEnd;
	node.maxEnd = max;
	return node;
}

function rotateRight<Owner>(node: TreeNode<Owner>, pivot: TreeNode<Owner>): TreeNode<Owner> {
	node.left = pivot.right;
	pivot.right = refreshMaxEnd(node);
	return refreshMaxEnd(pivot);
}

function rotateLeft<Owner>(node: TreeNode<Owner>, pivot: TreeNode<Owner>): TreeNode<Owner> {
	node.right = pivot.left;
	pivot.left = refreshMaxEnd(node);
	return refreshMaxEnd(pivot);
}

function merge<Owner>(left: Tree<Owner>, right: Tree<Owner>): Tree<Owner> {
	if (!left) return right;
	if (!right) return left;
	if (left.priority < right.priority) {
		left.right = merge(left.right, right);
		return refreshMaxEnd(left);
	}
	right.left = merge(left, right.left);
	return refreshMaxEnd(right);
}

export class RangeIndex<Owner> {
	private readonly trees = new Map<number, TreeNode<Owner>>();
	private nodes = 0;
	/** xorshift32 state: tree shape needs spread, not secrecy, and tests want the same shape every run. */
	private seed = 0x9e3779b9;

	/** Distinct ranges held. */
	get size(): number {
		return this.nodes;
	}

	/** Empty ranges (start >= end) can hold no key and are not kept. */
	add(owner: Owner, ranges: readonly KeyRange[]): void {
		for (const range of ranges) {
			if (compareKeys(range.start, range.end) >= 0) continue;
			this.trees.set(
				range.indexId,
				this.insert(this.trees.get(range.indexId) ?? null, range, owner),
			);
		}
	}

	/** `ranges`: what the owner was added with. Ranges it does not hold are ignored. */
	remove(owner: Owner, ranges: readonly KeyRange[]): void {
		for (const range of ranges) {
			const tree = this.trees.get(range.indexId);
			if (!tree) continue;
			const rest = this.delete(tree, range, owner);
			if (rest) this.trees.set(range.indexId, rest);
			else this.trees.delete(range.indexId);
		}
	}

	/** Owners with a range that holds at least one of the written keys. */
	touched(writes: readonly KeyWrite[]): Set<Owner> {
		const found = new Set<Owner>();
		for (const write of writes) {
			const tree = this.trees.get(write.indexId);
			if (tree) this.collect(tree, write.key, found);
		}
		return found;
	}

	clear(): void {
		this.trees.clear();
		this.nodes = 0;
	}

	private nextPriority(): number {
		this.seed ^= this.seed << 13;
		this.seed ^= this.seed >>> 17;
		this.seed ^= this.seed << 5;
		return this.seed >>> 0;
	}

	private insert(node: Tree<Owner>, range: KeyRange, owner: Owner): TreeNode<Owner> {
		if (!node) {
			this.nodes += 1;
			return {
				start: range.start,
				end: range.end,
				maxEnd: range.end,
				owners: new Set([owner]),
				priority: this.nextPriority(),
				left: null,
				right: null,
			};
		}
		const order = compareRanges(range, node);
		if (order === 0) {
			node.owners.add(owner);
			return node;
		}
		if (order < 0) {
			const left = this.insert(node.left, range, owner);
			node.left = left;
			if (left.priority < node.priority) return rotateRight(node, left);
		} else {
			const right = this.insert(node.right, range, owner);
			node.right = right;
			if (right.priority < node.priority) return rotateLeft(node, right);
		}
		return refreshMaxEnd(node);
	}

	private delete(node: Tree<Owner>, range: KeyRange, owner: Owner): Tree<Owner> {
		if (!node) return null;
		const order = compareRanges(range, node);
		if (order === 0) {
			node.owners.delete(owner);
			if (node.owners.size > 0) return node;
			this.nodes -= 1;
			return merge(node.left, node.right);
		}
		if (order < 0) node.left = this.delete(node.left, range, owner);
		else node.right = this.delete(node.right, range, owner);
		return refreshMaxEnd(node);
	}

	private collect(node: Tree<Owner>, key: Uint8Array, found: Set<Owner>): void {
		if (!node || compareKeys(key, node.maxEnd) >= 0) return;
		this.collect(node.left, key, found);
		if (compareKeys(node.start, key) > 0) return;
		if (compareKeys(key, node.end) < 0) for (const owner of node.owners) found.add(owner);
		this.collect(node.right, key, found);
	}
}
