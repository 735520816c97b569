import type { CredentialSource } from './credentials.ts';

/** How to reach one API server, and as whom. */
export interface ClusterAccess {
  /** `context "prod"` or `the cluster around this pod`: for messages. */
  readonly description: string;
  /** Base URL; a path in it stands before every request's path. */
  readonly server: URL;
  /** Where namespaced questions go that name no namespace. */
  readonly namespace: string;
  readonly insecureSkipVerify: boolean;
  readonly tlsServerName: string | undefined;
  /** PEM; re-read by those that rotate it. `undefined` means the system's authorities. */
  readonly certificateAuthority: () => Promise<string | undefined>;
  readonly credentials: CredentialSource;
  /** Impersonation, for instance. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}
