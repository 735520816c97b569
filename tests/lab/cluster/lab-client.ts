/** Writes to the API of a lab, as its kubeconfig allows: the product itself only reads. */
import { readFileSync } from 'node:fs';
import { Agent, request, type RequestOptions } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { parse } from 'yaml';
import { ApiClient } from '../../../src/io/kubernetes/api-client.ts';
import { systemClock } from '../../../src/io/kubernetes/clock.ts';
import { execInPod } from '../../../src/io/kubernetes/exec-client.ts';
import { loadClusterAccess } from '../../../src/io/kubernetes/kubeconfig.ts';
import type { JsonValue } from '../../../src/kube/from-json.ts';

const READY_MS = 60_000;
const POLL_MS = 50;

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Record<'certificate-authority-data' | 'server', string> }];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

export interface Answer {
  readonly status: number;
  readonly body: JsonValue;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Instead of those that a client sends. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What can be put to a path below a collection. */
export interface LabObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: object };
  readonly spec?: object;
}

export class LabClient {
  readonly server: URL;
  readonly authority: Buffer;
  readonly token: string;
  /** Reads, and runs programs in pods. */
  readonly reader: ApiClient;
  private readonly agent: Agent;

  private constructor(server: URL, authority: Buffer, token: string, reader: ApiClient) {
    this.server = server;
    this.authority = authority;
    this.token = token;
    this.reader = reader;
    this.agent = new Agent({ keepAlive: true, ca: authority });
  }

  static async open(path: string): Promise<LabClient> {
    const { clusters, users } = parse(readFileSync(path, 'utf8')) as Kubeconfig;
    const { server, 'certificate-authority-data': authority } = clusters[0].cluster;
    const access = await loadClusterAccess({
      kubeconfig: path,
      environment: {},
      homeFolder: '/nowhere',
      clock: systemClock,
    });
    return new LabClient(
      new URL(server),
      Buffer.from(authority, 'base64'),
      users[0].user.token,
      new ApiClient({ access, compressed: false }),
    );
  }

  close(): void {
    this.reader.close();
    this.agent.destroy();
  }

  /** Whatever it answers. */
  ask(path: string, { method = 'GET', body, contentType = 'application/json', headers }: Asked = {}): Promise<Answer> {
    const options: RequestOptions = {
      method,
      agent: this.agent,
      headers: headers ?? { authorization: `Bearer ${this.token}`, 'content-type': contentType },
    };
    return new Promise((resolve, reject) => {
      const asked = request(new URL(path, this.server), options, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          resolve({ status: answer.statusCode ?? 0, text, body: parsed(text) });
        });
      });
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** @throws unless it succeeds */
  async write(method: 'DELETE' | 'PATCH' | 'POST' | 'PUT', path: string, body?: unknown): Promise<void> {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const { status, text } = await this.ask(path, { method, body, contentType });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  }

  create(object: LabObject): Promise<void> {
    return this.write('POST', collectionOf(object), object);
  }

  delete(object: LabObject): Promise<void> {
    return this.write('DELETE', `${collectionOf(object)}/${object.metadata.name}`);
  }

  /** Until all of these pods are ready. */
  async whenReady(pods: readonly LabObject[]): Promise<void> {
    for (const pod of pods) {
      const path = `${collectionOf(pod)}/${pod.metadata.name}`;
      const deadline = performance.now() + READY_MS;
      while (!(await this.isReady(path))) {
        if (performance.now() > deadline) throw new Error(`not ready: ${(await this.ask(path)).text}`);
        await wait(POLL_MS);
      }
    }
  }

  private async isReady(path: string): Promise<boolean> {
    const { body } = await this.ask(path);
    const { status } = body as { readonly status?: { readonly conditions?: readonly Record<string, string>[] } };
    return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
  }

  /** Standard output of a program in a pod. */
  async exec(namespace: string, pod: string, argv: readonly [string, ...string[]], stdin = ''): Promise<string> {
    const { stdout } = await execInPod(this.reader, { namespace, pod, argv, stdin });
    return stdout.toString('utf8');
  }
}

/** `/api/v1/namespaces/shop/pods` */
export function collectionOf({ apiVersion, kind, metadata }: LabObject): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = kind.toLowerCase().replace(/y$/, 'ie');
  const isGlobal = /^(?:Namespace|ClusterNetworkPolicy|AdminNetworkPolicy|BaselineAdminNetworkPolicy)$/.test(kind);
  return `${group}${isGlobal ? '' : `/namespaces/${metadata.namespace ?? 'default'}`}/${plural}s`;
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}
