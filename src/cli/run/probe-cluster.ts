/** From a running cluster to what really connects in it, held against the prediction. */
import { cidrContains, type IpAddress } from '../../base/inet.ts';
import { parseCidr } from '../../base/inet-parse.ts';
import { separateModes } from '../../dataplane/policy-mode.ts';
import type { Engine } from '../../engine/engine.ts';
import { expandIntents } from '../../intents/expand.ts';
import type { Intent } from '../../intents/intent.ts';
import type { ApiClient } from '../../io/kubernetes/api-client.ts';
import { isJsonObject, textOf } from '../../io/kubernetes/api-object.ts';
import { readLiveCluster } from '../../io/kubernetes/read-live.ts';
import { OperationalError } from '../../io/operational-error.ts';
import { labNetworks } from '../../lab/networks.ts';
import type { KubeObjects } from '../../kube/objects.ts';
import { judgeProbes, type Measured, type ProbeReport } from '../../probe/judge-probes.ts';
import { externalSamples } from '../../probe/external-samples.ts';
import { planProbes, planPromises } from '../../probe/plan-probes.ts';
import type { ProbePlan, ProbePort } from '../../probe/probe-plan.ts';
import { tellingPorts } from '../../probe/probe-ports.ts';
import { openEngine } from '../open-engine.ts';
import { measure, type MeasureOptions } from './measure-probes.ts';

export interface ClusterProbeOptions {
  /** Only pods of these connect; all when empty. */
  readonly namespace: readonly string[];
  /** Those that tell policies apart when empty. */
  readonly ports: readonly ProbePort[];
  /** One of each set that policies tell apart when `undefined`. */
  readonly external: readonly IpAddress[] | undefined;
  /** What they promise is tried, instead of everything. */
  readonly intents?: readonly Intent[] | undefined;
  readonly timeoutMs: number;
  readonly allowEgressToLocalNode?: true | undefined;
  readonly progress: MeasureOptions['progress'];
}

export interface ProbedCluster {
  /** Of the objects as they were when the probes began. */
  readonly engine: Engine;
  readonly report: ProbeReport;
}

const MOST_PORTS = 12;
const MOST_EXTERNAL = 12;
const MOST_ATTEMPTS = 250_000;

/** @throws OperationalError when there is nothing to try, too much, or no pod can probe */
export async function probeCluster(client: ApiClient, options: ClusterProbeOptions): Promise<ProbedCluster> {
  const { intents, timeoutMs, progress } = options;
  const { objects } = await readLiveCluster({ client });
  const engine = openEngine(
    separateModes(objects).enforced,
    { podCidr: [], allowEgressToLocalNode: options.allowEgressToLocalNode },
    [],
  );
  const plan =
    intents === undefined
      ? await planAll(engine, client, options)
      : planPromises(engine, expandIntents(engine, intents, { namespace: client.access.namespace }));
  requireAttempts(plan, objects);
  const measured = await measure({ client, plan, timeoutMs, progress });
  const report = judgeProbes(engine, plan, measured, measured.some(isSimulated));
  requireAnswers(report);
  return { engine, report };
}

/** What tried nothing has found nothing out. */
function requireAnswers({ judged, counts }: ProbeReport): void {
  if (counts.untried < judged.length) return;
  const text = judged[0]?.measured.text ?? '';
  throw new OperationalError(
    'no-probes',
    `none of ${judged.length} connections could be tried${text === '' ? '' : `: ${text}`}`,
    { hint: 'SCTP needs a kernel that knows it; --port names other ports', exitCode: 4 },
  );
}

function isSimulated({ text }: Measured): boolean {
  return text === 'simulated';
}

async function planAll(
  engine: Engine,
  client: ApiClient,
  options: {
    readonly namespace: readonly string[];
    readonly ports: readonly ProbePort[];
    readonly external: readonly IpAddress[] | undefined;
  },
): Promise<ProbePlan> {
  const telling = options.ports.length > 0 ? { ports: options.ports, left: 0 } : tellingPorts(engine, MOST_PORTS);
  const external = options.external ?? (await defaultExternal(engine, client));
  let plan;
  try {
    const { namespace: namespaces } = options;
    plan = planProbes(engine, { ports: telling.ports, namespaces, external, most: MOST_ATTEMPTS });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new OperationalError('usage', `there are more than ${MOST_ATTEMPTS} connections to try`, {
      hint: 'name the namespaces to connect from with -n, or fewer ports with --port',
      exitCode: 2,
    });
  }
  if (telling.left === 0) return plan;
  return {
    ...plan,
    notes: [...plan.notes, `${telling.left} more ports are declared or named by rules; --port tries them`],
  };
}

/** Only a lab has a world outside that answers everywhere; other people's addresses are nobody's to try. */
async function defaultExternal(engine: Engine, client: ApiClient): Promise<readonly IpAddress[]> {
  const version = await client.getJson('/version');
  if (!isJsonObject(version) || !textOf(version['gitVersion']).endsWith('+sallyport')) return [];
  const { podCidrs, serviceCidrs, nodeCidrs } = labNetworks(1, 'dual');
  const own = [...podCidrs, ...serviceCidrs, ...nodeCidrs].flatMap((text) => parseCidr(text)?.cidr ?? []);
  const families = new Set(engine.cluster.pods.ips.flatMap((ips) => ips.map(({ family }) => family)));
  const isOutside = (ip: IpAddress): boolean => families.has(ip.family) && !own.some((cidr) => cidrContains(cidr, ip));
  return externalSamples(engine, isOutside, MOST_EXTERNAL);
}

function requireAttempts({ attempts, sources }: ProbePlan, { pods }: KubeObjects): void {
  if (attempts.length > 0) return;
  const why =
    sources.length === 0
      ? pods.length === 0
        ? 'there are no pods'
        : 'no pod is running'
      : 'there is nothing to connect to';
  throw new OperationalError('no-probes', why, {
    hint: 'sallyport lab up -f DIR runs the pods of your manifests; --any-image stands in for images that the lab does not know',
    exitCode: 4,
  });
}
