/** Random sets of policies in a lab: what the engine predicts, held against real packets. */
import { renderProbeText } from '../../../src/report/probe-text.ts';
import { plainPalette } from '../../../src/report/palette.ts';
import { probeCluster } from '../../../src/cli/run/probe-cluster.ts';
import { type IpFamily, labNetworks } from '../../../src/lab/networks.ts';
import type { Manifest } from '../../oracle/manifest.ts';
import { randomCluster, randomLabels } from '../../property/random-cluster.ts';
import { Random } from '../../property/random.ts';
import { inAuditMode } from '../../packets/enforced.ts';
import { collectionOf, LabClient, type LabObject } from './lab-client.ts';
import { LabProcess } from './lab-process.ts';

export interface SetFindings {
  readonly policies: number;
  /** Policies that the API server refuses. */
  readonly refused: number;
  readonly connections: number;
  readonly allowed: number;
  readonly untried: number;
  /** The report, when something is not as predicted. */
  readonly wrong: string | undefined;
}

const NAMESPACES = ['default', 'n1', 'n2', 'n3'] as const;

interface PodPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** The same number under several names, the same name on several numbers, the same number twice. */
const PORTS: readonly (readonly PodPort[])[] = [
  [
    { name: 'http', containerPort: 80, protocol: 'TCP' },
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
  ],
  [
    { name: 'http', containerPort: 81, protocol: 'TCP' },
    { name: 'p', containerPort: 80, protocol: 'TCP' },
  ],
  [],
  [
    { name: 'dns', containerPort: 53, protocol: 'TCP' },
    { name: 'p', containerPort: 53, protocol: 'UDP' },
    { containerPort: 443, protocol: 'TCP' },
  ],
];

function pod(name: string, namespace: string, nodeName: string, index: number, hostNetwork: boolean): LabObject {
  const ports = hostNetwork
    ? [{ name: 'p', containerPort: 8000 + index, hostPort: 8000 + index, protocol: 'TCP' }]
    : PORTS[index % PORTS.length];
  const spec = {
    nodeName,
    ...(hostNetwork ? { hostNetwork } : {}),
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: 'example.com/anything', ports }],
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec };
}

/** Ready when all of them run. */
function podsOf(nodes: number): readonly LabObject[] {
  const node = (index: number): string => `lab-${(index % nodes) + 1}`;
  return [
    ...NAMESPACES.flatMap((namespace, at) =>
      [0, 1].map((which) =>
        pod(`p${which}`, namespace, node(at + which), at * 2 + which, namespace === 'n3' && which === 1),
      ),
    ),
    pod('p2', 'n1', node(0), 0, false),
  ];
}

function namespacesOf(): readonly LabObject[] {
  return NAMESPACES.slice(1).map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
}

/** Ranges of the random clusters, as ranges of the lab that pods, nodes and the world outside are in. */
function inLab(text: string): string {
  const { nodes } = labNetworks(2, 'dual');
  const [first = '', second = ''] = nodes.map(({ podCidrs }) => (podCidrs[0] ?? '').replace(/\.0\/.*/, '.'));
  return text
    .replaceAll('10.0.1.', first)
    .replaceAll('10.0.0.1', `${second}1`)
    .replaceAll('10.0.2.', second)
    .replaceAll('192.0.2.', '172.30.0.')
    .replaceAll('fd00::1:', 'fd00:10:244::')
    .replaceAll('fd00:0:0::1:', 'fd00:10:244::')
    .replaceAll('fd00::2:', 'fd00:10:244:1::')
    .replaceAll('fd00::/64', 'fd00:10:244::/48')
    .replaceAll('2001:db8::2/128', '2001:db8:5a11::2/128');
}

export interface PolicyLabOptions {
  readonly nodes: number;
  readonly ipFamily: IpFamily;
  /** How long nothing has to come back to count as denied. */
  readonly timeoutMs: number;
}

export class RandomPolicies {
  readonly lab: LabProcess;
  readonly client: LabClient;
  private readonly pods: readonly LabObject[];
  private readonly timeoutMs: number;
  private present: readonly LabObject[] = [];

  private constructor(lab: LabProcess, client: LabClient, { nodes, timeoutMs }: PolicyLabOptions) {
    this.lab = lab;
    this.client = client;
    this.pods = podsOf(nodes);
    this.timeoutMs = timeoutMs;
  }

  /** A lab of its own, with all pods ready. */
  static async start(options: PolicyLabOptions): Promise<RandomPolicies> {
    const { nodes, ipFamily } = options;
    const args = ['--runtime', 'netns', '--any-image', '--nodes', String(nodes), '--ip-family', ipFamily];
    const lab = await LabProcess.start([...args, '--name', `policies-${process.pid}-${nodes}`]);
    const client = await LabClient.open(lab.kubeconfig);
    const policies = new RandomPolicies(lab, client, options);
    for (const each of [...namespacesOf(), ...policies.pods]) await client.create(each);
    await client.whenReady(policies.pods);
    return policies;
  }

  /** The exit code of the lab. */
  async close(): Promise<number | null> {
    this.client.close();
    return this.lab.stop();
  }

  /** Puts the set in the place of the one before, and tries everything. */
  async compare(seed: number): Promise<SetFindings> {
    const random = new Random(seed);
    const old = random.shuffled(this.present);
    this.present = [];
    // Half of what was there goes before the new is there, half after; of the one kind there can be only one.
    const [before, after] = [[] as LabObject[], [] as LabObject[]];
    old.forEach((each, index) => {
      const isFirst = index % 2 === 0 || each.kind === 'BaselineAdminNetworkPolicy';
      (isFirst ? before : after).push(each);
    });
    for (const each of before) await this.client.delete(each);
    await this.relabel(random);
    const made: LabObject[] = [];
    let refused = 0;
    for (const policy of policiesOf(seed)) {
      const { status, text } = await this.client.ask(collectionOf(policy), { method: 'POST', body: policy });
      if (status < 300) made.push(policy);
      else if (status === 400 || status === 422) refused++;
      else throw new Error(`${status} ${text}`);
    }
    for (const each of after) await this.client.delete(each);
    this.present = made;
    return { policies: made.length, refused, ...(await this.tryAgain()) };
  }

  /** The same set once more. */
  async tryAgain(): Promise<Omit<SetFindings, 'policies' | 'refused'>> {
    const { report } = await probeCluster(this.client.reader, {
      namespace: [...NAMESPACES],
      ports: [],
      external: undefined,
      timeoutMs: this.timeoutMs,
      progress: undefined,
    });
    const { judged, counts, disagreements } = report;
    return {
      connections: judged.length,
      allowed: judged.filter(({ allowed }) => allowed === true).length,
      untried: counts.untried + counts.unpredicted,
      wrong:
        disagreements.length === 0
          ? undefined
          : renderProbeText(report, { palette: plainPalette, width: 120, ascii: false }),
    };
  }

  private async relabel(random: Random): Promise<void> {
    const namespaces = namespacesOf().concat({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
    for (const object of random.shuffled([...this.pods, ...namespaces])) {
      const cleared = { a: null, b: null, constructor: null, 'k8s.io/c': null };
      await this.client.write('PATCH', `${collectionOf(object)}/${object.metadata.name}`, {
        metadata: { labels: { ...cleared, ...randomLabels(random) } },
      });
    }
  }
}

/** In every other set some are in audit mode. */
function policiesOf(seed: number): readonly LabObject[] {
  const random = new Random(seed);
  const found = randomCluster(seed).filter(({ kind }) => kind.endsWith('NetworkPolicy'));
  return found.map((policy) => {
    const own: Manifest = seed % 2 === 0 && random.chance(0.2) ? inAuditMode(policy) : policy;
    const { metadata, ...rest } = JSON.parse(inLab(JSON.stringify(own))) as LabObject;
    if (own.kind === 'BaselineAdminNetworkPolicy') return { ...rest, metadata };
    const name = `${metadata.name}-${seed}`;
    if (own.kind !== 'NetworkPolicy') return { ...rest, metadata: { ...metadata, name } };
    const namespace = NAMESPACES.find((each) => each === metadata.namespace) ?? 'default';
    return { ...rest, metadata: { ...metadata, name, namespace } };
  });
}
