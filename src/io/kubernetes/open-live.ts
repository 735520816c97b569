/** From a person's options to a reading of the cluster that they mean. */
import { homedir } from 'node:os';
import { ApiClient } from './api-client.ts';
import { systemClock } from './clock.ts';
import { loadClusterAccess } from './kubeconfig.ts';
import { type LiveReading, readLiveCluster } from './read-live.ts';

export interface OpenLiveOptions {
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
}

export interface LiveCluster {
  /** `context "prod"` */
  readonly description: string;
  /** Of the context; `default` when it names none. */
  readonly namespace: string;
  /** Lists everything anew. @throws what {@link readLiveCluster} throws */
  readonly read: (onProgress?: (objects: number) => void) => Promise<LiveReading>;
}

/**
 * The cluster that kubectl would talk to with these options and this environment.
 *
 * @throws what {@link loadClusterAccess} throws: exit 4
 */
export async function openLiveCluster({ context, kubeconfig }: OpenLiveOptions): Promise<LiveCluster> {
  const access = await loadClusterAccess({
    context,
    kubeconfig,
    environment: process.env,
    homeFolder: homedir(),
    clock: systemClock,
  });
  return {
    description: access.description,
    namespace: access.namespace,
    read: async (onProgress) => {
      const client = new ApiClient({ access, compressed: true });
      try {
        return await readLiveCluster({ client, ...(onProgress === undefined ? {} : { onProgress }) });
      } finally {
        client.close();
      }
    },
  };
}
