/** `sallyport probe`: what the engine says against real connections. */
import { homedir } from 'node:os';
import { cidrContains, type IpAddress } from '../../base/inet.ts';
import { parseCidr, parseIp } from '../../base/inet-parse.ts';
import { separateModes } from '../../dataplane/policy-mode.ts';
import type { Engine } from '../../engine/engine.ts';
import { expandIntents } from '../../intents/expand.ts';
import { ApiClient } from '../../io/kubernetes/api-client.ts';
import { isJsonObject, textOf } from '../../io/kubernetes/api-object.ts';
import { systemClock } from '../../io/kubernetes/clock.ts';
import { loadClusterAccess } from '../../io/kubernetes/kubeconfig.ts';
import { readLiveCluster } from '../../io/kubernetes/read-live.ts';
import { OperationalError } from '../../io/operational-error.ts';
import { kubeconfigPath, labFolder, labsFolder, runningLabs } from '../../lab/lab-folder.ts';
import { labNetworks } from '../../lab/networks.ts';
import type { KubeObjects, Protocol } from '../../kube/objects.ts';
import { judgeProbes, type Measured, probeAgrees } from '../../probe/judge-probes.ts';
import { externalSamples, planProbes, planPromises } from '../../probe/plan-probes.ts';
import type { ProbePlan, ProbePort } from '../../probe/probe-plan.ts';
import { tellingPorts } from '../../probe/probe-ports.ts';
import { type ProbeFormatName, probeFormats } from '../../report/probe-formats.ts';
import { loadIntents } from '../load-intents.ts';
import { openEngine } from '../open-engine.ts';
import { printReport } from '../print-report.ts';
import type { ColorChoice } from '../terminal.ts';
import { measure } from './measure-probes.ts';

export interface ProbeCommandOptions {
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly namespace: readonly string[];
  readonly port: readonly string[];
  readonly external: readonly string[];
  readonly intents: readonly string[];
  readonly timeout?: number | undefined;
  readonly output: ProbeFormatName;
  readonly allowEgressToLocalNode?: true | undefined;
  readonly quiet?: true | undefined;
  readonly color: ColorChoice;
  readonly width?: number | undefined;
  readonly ascii?: true | undefined;
}

const TIMEOUT_MS = 1000;
const MOST_PORTS = 12;
const MOST_EXTERNAL = 12;
const MOST_ATTEMPTS = 250_000;

/** Sets exit code 1 when something is not as predicted or promised. */
export async function runProbe(options: ProbeCommandOptions): Promise<void> {
  const ports = options.port.map(readPort);
  const external = readExternal(options.external);
  const intents = options.intents.length === 0 ? undefined : await loadIntents(options.intents);
  const client = await openClient(options);
  try {
    const { objects } = await readLiveCluster({ client });
    const engine = openEngine(
      separateModes(objects).enforced,
      { podCidr: [], allowEgressToLocalNode: options.allowEgressToLocalNode },
      [],
    );
    const plan =
      intents === undefined
        ? await planAll(engine, client, { ...options, ports, external })
        : planPromises(engine, expandIntents(engine, intents, { namespace: client.access.namespace }));
    requireAttempts(plan, objects);
    const progress = options.quiet === true || options.output === 'json' ? undefined : process.stderr;
    const measured = await measure({ client, plan, timeoutMs: options.timeout ?? TIMEOUT_MS, progress });
    const report = judgeProbes(engine, plan, measured, measured.some(isSimulated));
    printReport(probeFormats, options, report, (look) => look);
    if (!probeAgrees(report)) process.exitCode = 1;
  } finally {
    client.close();
  }
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

/** The cluster that kubectl would talk to; without any word about it, the lab that is running. */
async function openClient({ context, kubeconfig }: ProbeCommandOptions): Promise<ApiClient> {
  const environment = { ...process.env };
  if (kubeconfig === undefined && context === undefined && (environment['KUBECONFIG'] ?? '') === '') {
    const parent = labsFolder(environment, process.getuid?.() ?? -1);
    const labs = await runningLabs(parent);
    const [only] = labs;
    if (labs.length > 1) {
      throw new OperationalError('usage', `several labs are running: ${labs.map(({ name }) => name).join(', ')}`, {
        hint: `--kubeconfig says which: ${kubeconfigPath(labFolder(parent, labs[0]?.name ?? ''))}`,
        exitCode: 2,
      });
    }
    if (only !== undefined) environment['KUBECONFIG'] = kubeconfigPath(labFolder(parent, only.name));
  }
  const access = await loadClusterAccess({
    context,
    kubeconfig,
    environment,
    homeFolder: homedir(),
    clock: systemClock,
  });
  return new ApiClient({ access, compressed: false });
}

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
]);

function readPort(text: string): ProbePort {
  const [, digits = '', name = 'tcp'] = /^(\d{1,5})(?:\/([A-Za-z]+))?$/.exec(text) ?? [];
  const protocol = PROTOCOLS.get(name.toLowerCase());
  const port = Number(digits);
  if (protocol !== undefined && port >= 1 && port <= 65_535) return { protocol, port };
  throw new OperationalError('usage', `--port ${JSON.stringify(text)} is no port`, {
    hint: 'for example --port 80 or --port 53/udp',
    exitCode: 2,
  });
}

function readExternal(texts: readonly string[]): readonly IpAddress[] | undefined {
  if (texts.length === 0) return undefined;
  if (texts.length === 1 && texts[0] === 'none') return [];
  return texts.map((text) => {
    const parsed = parseIp(text);
    if (parsed !== undefined) return parsed.ip;
    throw new OperationalError('usage', `--external ${JSON.stringify(text)} is no address`, {
      hint: 'for example --external 198.51.100.7, or none',
      exitCode: 2,
    });
  });
}
