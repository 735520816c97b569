/** Who waits for a ConfigMap, a Secret or an account of a namespace to come, or to change. */
export class ConfigChanges {
  private readonly waiting = new Map<string, Set<() => void>>();

  /** Resolves with the next change in the namespace, or when the signal is aborted. */
  next(namespace: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.waiting.get(namespace) ?? new Set();
      const done = (): void => {
        signal.removeEventListener('abort', done);
        waiting.delete(done);
        if (waiting.size === 0 && this.waiting.get(namespace) === waiting) this.waiting.delete(namespace);
        resolve();
      };
      this.waiting.set(namespace, waiting.add(done));
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }

  tell(namespace: string): void {
    // Copied: whoever is still not content comes back.
    const waiting = Array.from(this.waiting.get(namespace) ?? []);
    for (const done of waiting) done();
  }
}
