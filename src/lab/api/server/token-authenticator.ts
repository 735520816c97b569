import { createHash, timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '../rest/rest.ts';

/** Who a bearer token belongs to; `undefined` for nobody. */
export type Authenticator = (token: string) => UserInfo | undefined;

/** Tokens that are known from the start. How long it takes says nothing about them. */
export function tokenAuthenticator(tokens: Iterable<readonly [token: string, user: UserInfo]>): Authenticator {
  const known = [...tokens].map(([token, user]) => ({ digest: digestOf(token), user }));
  if (known.some(({ digest }) => timingSafeEqual(digest, digestOf('')))) throw new RangeError('an empty token');
  return (token) => {
    const digest = digestOf(token);
    let found: UserInfo | undefined;
    for (const candidate of known) if (timingSafeEqual(candidate.digest, digest)) found ??= candidate.user;
    return found;
  };
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
