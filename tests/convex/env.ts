/** What the deployment's environment holds. Imported first: some of it is read when the functions are loaded. */
export const ORIGIN = 'http://127.0.0.1:4321';
export const SECRET_KEY = 'Yk0gbTXQ5vXhS3Q8mV0pJmJm1F0m8c2Zs7c7o3kq8bQ=';

Object.assign(process.env, {
	SITE_URL: ORIGIN,
	CONVEX_SITE_URL: ORIGIN,
	BETTER_AUTH_SECRET: 'a-signing-secret-for-tests-only-0123456789',
	TRIBUTARY_SECRET_KEY: SECRET_KEY,
});
delete process.env.TRIBUTARY_SETUP_CODE;
