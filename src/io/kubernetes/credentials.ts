import { readFile } from 'node:fs/promises';
import { OperationalError } from '../operational-error.ts';
import { systemErrorReason } from '../system-error.ts';
import type { Clock } from './clock.ts';

/** Who we are for one request. Never part of a message. */
export interface Credentials {
  /** The value of the `Authorization` header. */
  readonly authorization?: string;
  /** PEM */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/** Where credentials come from; they may change while the program runs. */
export interface CredentialSource {
  /**
   * The current ones, from memory while they are good.
   *
   * @throws OperationalError
   */
  readonly current: () => Promise<Credentials>;
  /** The server refused them: the next call of `current` gets them anew. */
  readonly invalidate: () => void;
}

export function fixedCredentials(credentials: Credentials): CredentialSource {
  return { current: () => Promise.resolve(credentials), invalidate: () => {} };
}

/** Token files are rotated in place; a minute is what Kubernetes itself allows for noticing that. */
export const rereadMs = 60_000;

/**
 * The text of a file that somebody rotates: read again after a minute, or at once after `invalidate`. When reading
 * again fails, the text that is known goes on being used.
 */
export class RotatedFile {
  readonly #path: string;
  readonly #what: string;
  readonly #clock: Clock;
  #text: string | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** @param what how messages call the file, as `the token file` */
  constructor(path: string, what: string, clock: Clock) {
    this.#path = path;
    this.#what = what;
    this.#clock = clock;
  }

  /** @throws OperationalError `credentials-unreadable` when the file never could be read */
  async text(): Promise<string> {
    const now = this.#clock.nowMs();
    if (this.#text !== undefined && now - this.#readAtMs < rereadMs) return this.#text;
    try {
      const text = (await readFile(this.#path, 'utf8')).trim();
      // A writer that truncates first is met in between now and then.
      if (text === '') throw new Error('it is empty');
      this.#text = text;
      this.#readAtMs = now;
      return text;
    } catch (error) {
      if (this.#text !== undefined) return this.#text;
      throw new OperationalError(
        'credentials-unreadable',
        `${this.#what} ${this.#path} cannot be read: ${systemErrorReason(error)}`,
        { hint: 'check the path and who may read it', cause: error, exitCode: 4 },
      );
    }
  }

  invalidate(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }
}

/** A bearer token in a file. */
export function tokenFileCredentials(path: string, rest: Credentials, clock: Clock): CredentialSource {
  const file = new RotatedFile(path, 'the token file', clock);
  return {
    current: async () => ({ ...rest, authorization: `Bearer ${await file.text()}` }),
    invalidate: () => file.invalidate(),
  };
}
