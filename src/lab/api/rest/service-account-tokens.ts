/** Tokens of service accounts: opaque words of chance, which say nothing to anybody but the lab that gave them. */
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { UserInfo } from './rest.ts';

interface Token {
  readonly user: UserInfo;
  readonly expiresMs: number;
  readonly audiences: readonly string[];
}

/** As in the real server: ten minutes to 2^32 seconds. */
export const shortestLifeSeconds = 600;
export const longestLifeSeconds = 2 ** 32;
/** A client that asks for tokens in a loop must not use up the memory. */
const mostTokens = 10_000;

export class ServiceAccountTokens {
  private readonly tokens = new Map<string, Token>();
  private readonly clock: Clock;
  private readonly newWord: () => string;

  constructor(clock: Clock, newWord: () => string) {
    this.clock = clock;
    this.newWord = newWord;
  }

  issue(namespace: string, name: string, uid: string, lifeSeconds: number, audiences: readonly string[]): string {
    const token = `lab-${this.newWord()}`;
    const user = {
      username: `system:serviceaccount:${namespace}:${name}`,
      uid,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    };
    const [oldest] = this.tokens.keys();
    if (this.tokens.size >= mostTokens && oldest !== undefined) this.tokens.delete(oldest);
    this.tokens.set(token, { user, expiresMs: this.clock.calendarMs() + lifeSeconds * 1000, audiences });
    return token;
  }

  /** `undefined` for tokens that nobody got, or whose time is over. */
  userOf(token: string): UserInfo | undefined {
    const found = this.tokens.get(token);
    if (found === undefined) return undefined;
    if (found.expiresMs > this.clock.calendarMs()) return found.user;
    this.tokens.delete(token);
    return undefined;
  }
}
