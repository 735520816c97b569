import type { Clock } from '../../io/kubernetes/clock.ts';

/** What `work` gives, or `late()` after `timeoutMs`; then `work` is told by its signal, and its end ignored. */
export async function within<T>(
  clock: Clock,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => T,
): Promise<T> {
  const abort = new AbortController();
  let cancel = (): void => undefined;
  const timer = new Promise<T>((resolve) => {
    cancel = clock.after(timeoutMs, () => {
      resolve(late());
      abort.abort();
    });
  });
  try {
    return await Promise.race([work(abort.signal), timer]);
  } finally {
    cancel();
  }
}
