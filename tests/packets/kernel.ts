/** For tests that need the kernel: skipped with the reason where that cannot be, but never in CI. */
import { describe, inject, it } from 'vitest';
import { mayBeSkipped } from './requirements.ts';

const why = inject('whyNoPackets');

/** `describe` for such tests. */
export function describeKernel(name: string, body: () => void): void {
  if (why !== '' && !mayBeSkipped) {
    it(name, () => {
      throw new Error(why);
    });
    return;
  }
  describe.skipIf(why !== '')(why === '' ? name : `${name} (${why})`, () => {
    body();
  });
}
