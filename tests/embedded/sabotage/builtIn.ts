/** Suites without a plant, and why none is needed. */
export interface BuiltIn {
	/** Test file below tests/embedded, without `.test.ts`. */
	suite: string;
	/** Part of the title of the test in it that breaks something and requires that it is noticed; null: see `why`. */
	control: string | null;
	why: string;
}

export const BUILT_IN: readonly BuiltIn[] = [
	{
		suite: 'cases/convexTest',
		control: null,
		why: 'plays the cases on convex-test, where nothing of ours runs; cases/embedded has the plants',
	},
	{
		suite: 'disk/faults',
		control: 'control: a server that does not notice a failed COMMIT is found out',
		why: 'runs the whole suite once more over a broken server, in the suite itself',
	},
	{
		suite: 'disk/kills',
		control: 'control: a server that answers before COMMIT is found out',
		why: 'runs the whole suite once more over a broken server, in the suite itself',
	},
	{
		suite: 'disk/powerLoss',
		control: 'control: with a disk that ignores fsync, losses are found',
		why: 'runs the whole suite once more over a broken disk, in the suite itself',
	},
	{
		suite: 'live/sabotage',
		control: null,
		why: 'is itself the control of the state machine: bugs planted on the wire, one per promise',
	},
	{
		suite: 'storage/differentialConvexTest',
		control: 'a planted difference is found',
		why: 'plays its programs once more with bugs in what ours is asked, in the suite itself',
	},
];
