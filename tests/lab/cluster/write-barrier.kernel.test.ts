/** A write is answered when it is in force: whoever connects right after it never finds what was before. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import buildWhenStale from '../../../tools/build-when-stale.mjs';
import { describeKernel } from '../../packets/kernel.ts';
import { LabClient, type LabObject } from './lab-client.ts';
import { LabProcess } from './lab-process.ts';

const ROUNDS = 200;
/** A stale rule answers at once. */
const DENIED_MS = 60;
const ALLOWED_MS = 5000;

interface Switch {
  readonly name: string;
  close(client: LabClient): Promise<void>;
  open(client: LabClient): Promise<void>;
}

function policy(name: string, spec: object): LabObject {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec };
}

function clusterPolicy(name: string, subject: object): LabObject {
  const spec = { tier: 'Admin', priority: 10, subject, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] };
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name },
    spec,
  };
}

function byPolicy(object: LabObject): Switch {
  return {
    name: `${object.kind} ${object.metadata.name}`,
    close: (client) => client.create(object),
    open: (client) => client.delete(object),
  };
}

/** Denied while the labels of the object are these. */
function byLabels(what: string, path: string, closed: object, open: object): Switch {
  const label = (client: LabClient, labels: object): Promise<void> =>
    client.write('PATCH', path, { metadata: { labels } });
  return {
    name: what,
    close: (client) => label(client, closed),
    open: (client) => label(client, open),
  };
}

const pods: readonly LabObject[] = [
  { name: 'client', image: 'nginx', nodeName: 'lab-1' },
  { name: 'server', image: 'nginx', nodeName: 'lab-2' },
].map(({ name, image, nodeName }) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { nodeName, terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image }] },
}));

const switches: readonly Switch[] = [
  byPolicy(policy('ingress', { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Ingress'] })),
  byPolicy(policy('egress', { podSelector: { matchLabels: { app: 'client' } }, policyTypes: ['Egress'] })),
  byPolicy(
    clusterPolicy('closed', { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: 'server' } } } }),
  ),
  byLabels('labels of a pod', '/api/v1/namespaces/default/pods/server', { app: 'shut' }, { app: 'server' }),
  byLabels('labels of a namespace', '/api/v1/namespaces/default', { team: 'there' }, { team: 'here' }),
];

describeKernel('the write barrier', () => {
  let lab: LabProcess;
  let client: LabClient;
  const targets: string[] = [];
  beforeAll(async () => {
    buildWhenStale();
    const args = ['--runtime', 'netns', '--nodes', '2', '--ip-family', 'dual'];
    lab = await LabProcess.start([...args, '--name', `barrier-${process.pid}`]);
    client = await LabClient.open(lab.kubeconfig);
    for (const pod of pods) await client.create(pod);
    await client.whenReady(pods);
    const { body } = await client.ask('/api/v1/namespaces/default/pods/server');
    const { status } = body as { readonly status: { readonly podIPs: readonly { readonly ip: string }[] } };
    targets.push(...status.podIPs.map(({ ip }) => ip));
    await client.create(policy('shut', { podSelector: { matchLabels: { app: 'shut' } }, policyTypes: ['Ingress'] }));
    await client.create(clusterPolicy('there', { namespaces: { matchLabels: { team: 'there' } } }));
  });
  afterAll(async () => {
    client.close();
    await lab.stop();
  });

  async function outcomes(timeoutMs: number): Promise<readonly string[]> {
    const lines = targets.map((ip, index) => `${index} tcp ${ip} 80 ${timeoutMs}\n`);
    const answer = await client.exec('default', 'client', ['sallyport-probe'], lines.join(''));
    return answer
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
  }

  test(`${ROUNDS} writes, each followed by a connection at once`, async () => {
    expect(targets).toHaveLength(2);
    const stale: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const each = switches[Math.floor(round / 2) % switches.length];
      if (each === undefined) continue;
      const closes = round % 2 === 0;
      await (closes ? each.close(client) : each.open(client));
      const found = await outcomes(closes ? DENIED_MS : ALLOWED_MS);
      const wanted = closes ? 'timeout' : 'connected';
      if (found.some((outcome) => outcome !== wanted)) stale.push(`round ${round}, ${each.name}: ${found.join(', ')}`);
    }
    expect(stale).toEqual([]);
  });
});
