/** `sallyport probe`: what the engine says against real connections. */
import { homedir } from 'node:os';
import type { IpAddress } from '../../base/inet.ts';
import { parseIp } from '../../base/inet-parse.ts';
import { ApiClient } from '../../io/kubernetes/api-client.ts';
import { systemClock } from '../../io/kubernetes/clock.ts';
import { loadClusterAccess } from '../../io/kubernetes/kubeconfig.ts';
import { OperationalError } from '../../io/operational-error.ts';
import { kubeconfigPath, labFolder, labsFolder, runningLabs } from '../../lab/lab-folder.ts';
import type { Protocol } from '../../kube/objects.ts';
import { probeAgrees } from '../../probe/judge-probes.ts';
import type { ProbePort } from '../../probe/probe-plan.ts';
import { type ProbeFormatName, probeFormats } from '../../report/probe-formats.ts';
import { loadIntents } from '../load-intents.ts';
import { printReport } from '../print-report.ts';
import type { ColorChoice } from '../terminal.ts';
import { probeCluster } from './probe-cluster.ts';

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

/** Sets exit code 1 when something is not as predicted or promised. */
export async function runProbe(options: ProbeCommandOptions): Promise<void> {
  const ports = options.port.map(readPort);
  const external = readExternal(options.external);
  const intents = options.intents.length === 0 ? undefined : await loadIntents(options.intents);
  const client = await openClient(options);
  try {
    const progress = options.quiet === true || options.output === 'json' ? undefined : process.stderr;
    const { report } = await probeCluster(client, {
      namespace: options.namespace,
      ports,
      external,
      intents,
      timeoutMs: options.timeout ?? TIMEOUT_MS,
      allowEgressToLocalNode: options.allowEgressToLocalNode,
      progress,
    });
    printReport(probeFormats, options, report, (look) => look);
    if (!probeAgrees(report)) process.exitCode = 1;
  } finally {
    client.close();
  }
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
