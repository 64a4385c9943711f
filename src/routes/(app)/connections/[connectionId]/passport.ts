/** Width of one line of the machine-readable foot; fits the panel at 11 px. */
const lineLength = 32;

function machineText(text: string): string {
	return text
		.normalize('NFKD')
		.replace(/[\u0300-\u036f]/g, '')
		.toUpperCase()
		.replace(/[^A-Z0-9]+/g, '<')
		.replace(/^<+|<+$/g, '');
}

function dayStamp(at: number): string {
	return new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
}

/** The two decorative lines at the foot of the passport, like the ones of a travel document. */
export function machineLines(connection: {
	service: string;
	accountName: string;
	accountId: string;
	readable: number;
	createdAt: number;
}): [string, string] {
	const fill = (text: string) => text.slice(0, lineLength).padEnd(lineLength, '<');
	return [
		fill(`TRB<${machineText(connection.service)}<<${machineText(connection.accountName)}`),
		fill(
			`${machineText(connection.accountId).slice(0, 14)}<<R${connection.readable}W0<<${dayStamp(connection.createdAt)}`,
		),
	];
}
