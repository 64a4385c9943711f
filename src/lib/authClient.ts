/** Sign-in, sign-out and password change, on the page's own origin with HttpOnly cookies. */
import { createAuthClient } from 'better-auth/svelte';

export const authClient = createAuthClient();
