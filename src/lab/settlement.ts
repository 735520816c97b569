import type { ResourceId } from './api/store/object-store.ts';

/** A change in the store that others act upon. */
export interface Change {
  readonly resource: ResourceId;
  readonly resourceVersion: string;
}

/**
 * The write barrier: whoever brings changes into force (agents, forwarding of Services, DNS) says when one is. The API
 * server answers a write only then, so that `kubectl apply` and the next `kubectl exec` never race.
 */
export interface Settlement {
  /** Resolves when the change is in force everywhere, or concerns nobody. Never rejects; may never resolve. */
  settled(change: Change): Promise<void>;
}

/** All of them. */
export function allSettled(parts: readonly Settlement[]): Settlement {
  return {
    settled: async (change) => {
      await Promise.all(parts.map((part) => part.settled(change)));
    },
  };
}
