/** From options to a running agent. */
import { homedir } from 'node:os';
import v8 from 'node:v8';
import { Agent, type AgentOptions } from '../../agent/agent.ts';
import { agentLog } from '../../agent/agent-log.ts';
import { featureStatus, possibleObservation } from '../../agent/known-words.ts';
import type { Cidr } from '../../base/inet.ts';
import { parseCidr } from '../../base/inet-parse.ts';
import { type GenerationField, otherUserOf } from '../../dataplane/generation.ts';
import { FULL_OBSERVATION, type Observation } from '../../dataplane/observation.ts';
import { renderTransaction } from '../../dataplane/render.ts';
import { installPlan } from '../../dataplane/transaction.ts';
import { systemFiles } from '../../io/host-files.ts';
import { ApiClient } from '../../io/kubernetes/api-client.ts';
import { systemClock } from '../../io/kubernetes/clock.ts';
import type { ClusterAccess } from '../../io/kubernetes/cluster-access.ts';
import { inClusterAccess, isInCluster } from '../../io/kubernetes/in-cluster.ts';
import { loadClusterAccess } from '../../io/kubernetes/kubeconfig.ts';
import { enforcedKinds } from '../../io/kubernetes/watched-kinds.ts';
import { KernelFlowMarks } from '../../io/nft/flow-marks.ts';
import { KernelNft } from '../../io/nft/kernel-nft.ts';
import { NftError } from '../../io/nft/nft-error.ts';
import { type MissingFeature, probeNft } from '../../io/nft/probe-nft.ts';
import { SpawnedNftTable } from '../../io/nft/spawned-nft-table.ts';
import { OperationalError } from '../../io/operational-error.ts';
import { packageVersion } from '../../io/package-root.ts';
import { Observability } from './agent-observability.ts';
import { reflectors } from './agent-reflectors.ts';

export interface AgentCommandOptions {
  readonly nodeName?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly table: string;
  readonly ctMarkField: string;
  readonly closedRange: readonly string[];
  readonly allowEgressToLocalNode?: true | undefined;
  readonly logGroup?: number | undefined;
  readonly logAllowedSample?: number | undefined;
  readonly netlinkFd?: number | undefined;
  readonly flowLog: string;
  readonly listen: string;
  readonly statusTokenFile?: string | undefined;
  readonly logFormat: 'auto' | 'json' | 'text';
  readonly verbose?: true | undefined;
  readonly once?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly cleanup?: true | undefined;
}

/** How long `--once` and `--dry-run` wait for the API server. */
const SYNC_TIMEOUT_MS = 60_000;

export async function runAgent(options: AgentCommandOptions): Promise<void> {
  if (options.cleanup === true) {
    const table = readTable(options.table);
    await new SpawnedNftTable().remove(table);
    process.stderr.write(`the table inet ${table} is gone: no policy is enforced on this node\n`);
    return;
  }
  const node = readNodeName(options);
  const settings = await settingsOf(options);
  keepHeapSmall();
  const log = agentLog({
    format: logFormat(options),
    verbose: options.verbose === true,
    write: (line) => process.stderr.write(line),
    now: systemClock.calendarMs,
  });
  const shown = await Observability.open(options, {
    ...settings,
    node,
    log,
    counters: new SpawnedNftTable(),
    group: settings.observation.log?.group ?? 0,
  });
  const client = new ApiClient({
    access: await clusterAccess(options),
    userAgent: `sallyport-agent/${packageVersion()}`,
  });
  const agent = new Agent({ ...settings, node, watch: reflectors(client), observers: [log, shown.observer] });
  try {
    if (options.dryRun === true) await printPlan(agent, settings);
    else if (options.once === true) await agent.applyOnce(SYNC_TIMEOUT_MS);
    else await shown.during(agent, () => agent.run(untilSignal()));
  } finally {
    client.close();
    await settings.driver.close?.();
  }
}

type Settings = Omit<AgentOptions, 'node' | 'watch' | 'observers'>;

async function settingsOf(options: AgentCommandOptions): Promise<Settings> {
  const tables = new SpawnedNftTable();
  const given = {
    version: packageVersion(),
    table: readTable(options.table),
    field: readField(options.ctMarkField),
    closedRanges: readClosedRanges(options.closedRange),
    allowEgressToLocalNode: options.allowEgressToLocalNode === true,
  };
  const missing = options.dryRun === true ? [] : await missingFeatures();
  return {
    ...given,
    observation: possibleObservation(readObservation(options), missing ?? []),
    preconditions: missing === undefined ? [] : [featureStatus(missing)],
    resources: enforcedKinds,
    driver: new KernelNft({ netlinkFd: options.netlinkFd }),
    tables,
    verifier: tables,
    flowMarks: new KernelFlowMarks(),
    files: systemFiles,
    clock: systemClock,
    random: Math.random,
  };
}

/** `undefined` when nft cannot be asked, which the agent says as long as it is so. */
async function missingFeatures(): Promise<readonly MissingFeature[] | undefined> {
  try {
    return await probeNft();
  } catch (error) {
    if (error instanceof NftError) return undefined;
    throw error;
  }
}

async function printPlan(agent: Agent, { table, field }: Settings): Promise<void> {
  const plan = await agent.planOnce(SYNC_TIMEOUT_MS);
  process.stdout.write(renderTransaction(installPlan(plan, { table, field })));
}

/** In a pod its own service account counts, whatever lies in the home folder of the image. */
function clusterAccess({ kubeconfig, context }: AgentCommandOptions): Promise<ClusterAccess> {
  const pod = { environment: process.env, clock: systemClock };
  const asked = kubeconfig !== undefined || context !== undefined || (process.env['KUBECONFIG'] ?? '') !== '';
  if (!asked && isInCluster(pod)) return inClusterAccess(pod);
  return loadClusterAccess({ kubeconfig, context, ...pod, homeFolder: homedir() });
}

/** Ends with the first SIGTERM or SIGINT; a second one ends the process at once. */
function untilSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}

/**
 * The heap may hold this much garbage, in percent of what is alive; by itself it would be as much again. What else saves
 * memory can only be said before the start: NODE_OPTIONS=--max-semi-space-size=4, as the image does.
 */
const HEAP_GROWING_PERCENT = 15;

function keepHeapSmall(): void {
  v8.setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
}

function logFormat({ logFormat: format }: AgentCommandOptions): 'json' | 'text' {
  if (format !== 'auto') return format;
  return process.stderr.isTTY ? 'text' : 'json';
}

function readNodeName({ nodeName }: AgentCommandOptions): string {
  const name = nodeName ?? process.env['NODE_NAME'] ?? '';
  if (name === '')
    throw usage('which node is this? --node-name or the variable NODE_NAME must say', 'kubectl get nodes');
  return name;
}

function readTable(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) return name;
  throw usage(
    `--table ${JSON.stringify(name)} is no name for a table`,
    'up to 64 letters, digits and underscores, a letter first',
  );
}

/** Fewer would come round too soon: a connection that slept meanwhile would seem to be judged. */
const LEAST_MARK_BITS = 8;

function readField(text: string): GenerationField {
  const mask = /^0x[0-9a-f]{1,8}$/i.test(text) ? BigInt(text) : 0n;
  const bits = mask.toString(2).replaceAll('0', '').length;
  const shift = mask === 0n ? 0 : mask.toString(2).length - bits;
  const isOneRun = mask === (2n ** BigInt(bits) - 1n) << BigInt(shift);
  if (mask !== 0n && isOneRun && bits >= LEAST_MARK_BITS) {
    const other = otherUserOf({ shift, bits });
    if (other === undefined) return { shift, bits };
    throw usage(
      `--ct-mark-field ${text} takes the bits 0x${other.mask.toString(16)} of the mark, which ${other.program} uses`,
      'for example 0xffff0000',
    );
  }
  throw usage(
    `--ct-mark-field ${JSON.stringify(text)} is no mask of at least ${LEAST_MARK_BITS} bits in one piece`,
    'for example 0xffff0000 or 0x0000ff00',
  );
}

function readClosedRanges(texts: readonly string[]): readonly Cidr[] | 'node-pod-cidrs' {
  if (texts.length === 0) return 'node-pod-cidrs';
  if (texts.length === 1 && texts[0] === 'none') return [];
  return texts.map((text) => {
    const parsed = parseCidr(text);
    if (parsed === undefined) {
      throw usage(`--closed-range ${JSON.stringify(text)} is not a CIDR`, 'for example 10.244.1.0/24, or none');
    }
    return parsed.cidr;
  });
}

function readObservation({ logGroup, logAllowedSample }: AgentCommandOptions): Observation {
  const { log = { group: 5 } } = FULL_OBSERVATION;
  return {
    ...FULL_OBSERVATION,
    log: {
      ...log,
      ...(logGroup === undefined ? {} : { group: logGroup }),
      ...(logAllowedSample === undefined ? {} : { oneOfAllowed: logAllowedSample }),
    },
  };
}

function usage(message: string, hint: string): OperationalError {
  return new OperationalError('usage', message, { hint, exitCode: 2 });
}
