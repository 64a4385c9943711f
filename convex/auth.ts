/** Registered functions of the auth component's client; the client itself is lib/auth.ts. */
import { authComponent } from './lib/auth.ts';

/** Called by the component in the transaction that writes a user: see lib/members.ts. */
export const { onCreate, onUpdate, onDelete } = authComponent.triggersApi();
