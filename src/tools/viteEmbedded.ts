/** `npm run dev`: the embedded deployment inside Vite's server, on Vite's port, reloading functions as they change. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'vite';
import { originOf, readConfig } from '../lib/server/host/config.ts';
import { root } from './root.ts';

type Host = typeof import('../lib/server/host/deployment.ts');

/** Loaded by Node at run time: Vite bundles its configuration, and the deployment must not be bundled with it. */
function loadHost(): Promise<Host> {
	const file = path.join(root, 'src/lib/server/host/deployment.ts');
	return import(pathToFileURL(file).href) as Promise<Host>;
}

export function embeddedInDev(): Plugin {
	return {
		name: 'tributary-embedded',
		apply: (_config, { command, isPreview }) =>
			command === 'serve' && !isPreview && !process.env.VITEST,
		config() {
			const { host, port } = readConfig(process.env, root);
			return { server: { host, port, strictPort: true, watch: { ignored: ['**/data/**'] } } };
		},
		async configureServer(vite) {
			const config = readConfig(process.env, root);
			config.origin =
				process.env.ORIGIN || originOf(config.host, vite.config.server.port ?? config.port);
			const { startDeployment } = await loadHost();
			const deployment = await startDeployment(config, root, process.env, {
				isDevelopment: true,
			});
			const unwatch = deployment.watch();
			vite.middlewares.use((request, response, next) => {
				if (!deployment.handleRequest(request, response)) next();
			});
			// Vite's own hot-reload socket shares the port: leave alone what is not ours.
			vite.httpServer?.on('upgrade', (request, socket, head) => {
				deployment.handleUpgrade(request, socket, head);
			});
			vite.httpServer?.once('close', () => {
				unwatch();
				void deployment.close();
			});
		},
	};
}
