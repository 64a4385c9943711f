/** Better Auth's endpoints under /api/auth/. */
import { httpRouter } from 'convex/server';
import { httpAction } from './_generated/server.js';
import { handleAuthRequest } from './lib/authHttp.ts';

const http = httpRouter();

const auth = httpAction(handleAuthRequest);
http.route({ pathPrefix: '/api/auth/', method: 'GET', handler: auth });
http.route({ pathPrefix: '/api/auth/', method: 'POST', handler: auth });

export default http;
