/** The agents of a lab: the code of `sallyport agent`, one for each node, in one process. */
import { Agent } from '../../agent/agent.ts';
import type { AgentEvent } from '../../agent/events.ts';
import { FlowLog } from '../../agent/flow-log/flow-log.ts';
import type { FlowOutput } from '../../agent/flow-log/flow-output.ts';
import { featureStatus, possibleObservation } from '../../agent/known-words.ts';
import { notReadyReasons } from '../../agent/status.ts';
import { FULL_OBSERVATION, type Observation } from '../../dataplane/observation.ts';
import { type HostFiles, systemFiles } from '../../io/host-files.ts';
import { ApiClient } from '../../io/kubernetes/api-client.ts';
import { systemClock } from '../../io/kubernetes/clock.ts';
import { enforcedKinds } from '../../io/kubernetes/watched-kinds.ts';
import { type LogReader, relayReader } from '../../io/nflog/log-reader.ts';
import { ProcessPacketLog } from '../../io/nflog/process-packet-log.ts';
import { KernelFlowMarks } from '../../io/nft/flow-marks.ts';
import { KernelNft } from '../../io/nft/kernel-nft.ts';
import { type MissingFeature, probeNft } from '../../io/nft/probe-nft.ts';
import { SpawnedNftTable } from '../../io/nft/spawned-nft-table.ts';
import { packageVersion } from '../../io/package-root.ts';
import type { AgentComplaint, AgentContext, AgentNode, NodeAgents, StartAgents } from '../../lab/node-agents.ts';
import type { Change } from '../../lab/settlement.ts';
import { reflectors } from '../run/agent-reflectors.ts';

const TABLE = 'sallyport';
const MARK_FIELD = { shift: 16, bits: 16 };

/** @param flows where denied connections are told; `undefined` for nowhere */
export function labAgents(flows: FlowOutput | undefined): StartAgents {
  return (context) => new LabAgents(context, flows);
}

interface RunningAgent {
  readonly agent: Agent;
  readonly driver: KernelNft;
  readonly flowLog: FlowLog | undefined;
  readonly ended: Promise<void>;
}

class LabAgents implements NodeAgents {
  private readonly client: ApiClient;
  private readonly running: Promise<readonly RunningAgent[]>;
  private readonly stopping = new AbortController();
  private started: readonly RunningAgent[] = [];

  constructor(context: AgentContext, flows: FlowOutput | undefined) {
    const { access } = context;
    this.client = new ApiClient({ access, userAgent: `sallyport-agent/${packageVersion()}` });
    this.running = this.start(context, flows);
    // Whoever waits for them hears of it.
    this.running.catch(() => undefined);
  }

  async whenEnforcing(): Promise<void> {
    // Older than any change.
    await this.settled({ resource: { group: '', plural: 'namespaces' }, resourceVersion: '0' });
  }

  async settled({ resource, resourceVersion }: Change): Promise<void> {
    const running = await this.running;
    await Promise.all(running.map(({ agent }) => agent.whenInForce(resource, resourceVersion)));
  }

  complaints(): readonly AgentComplaint[] {
    return this.started.flatMap(({ agent }) => {
      const status = agent.status();
      return notReadyReasons(status).map((message) => ({ node: status.node, message }));
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const running = await this.running.catch(() => []);
    await Promise.allSettled(
      running.map(async ({ driver, flowLog, ended }) => {
        await flowLog?.stop();
        await ended;
        await driver.close();
      }),
    );
    this.client.close();
  }

  private async start(context: AgentContext, flows: FlowOutput | undefined): Promise<readonly RunningAgent[]> {
    const [first] = context.nodes;
    if (first === undefined) return [];
    // One kernel for all of them.
    const missing = await probeNft({ command: [...first.command, 'nft'] });
    const wanted: Observation = flows === undefined ? { counters: true, hits: true } : FULL_OBSERVATION;
    const observation = possibleObservation(wanted, missing);
    this.started = context.nodes.map((node) => this.startOne(node, { context, flows, observation, missing }));
    return this.started;
  }

  private startOne(
    { name, command }: AgentNode,
    shared: {
      readonly context: AgentContext;
      readonly flows: FlowOutput | undefined;
      readonly observation: Observation;
      readonly missing: readonly MissingFeature[];
    },
  ): RunningAgent {
    const { context, flows, observation, missing } = shared;
    const inNode = { command: [...command, 'nft'] } as const;
    const driver = new KernelNft(inNode);
    const tables = new SpawnedNftTable(inNode);
    const agent = new Agent({
      node: name,
      version: packageVersion(),
      table: TABLE,
      field: MARK_FIELD,
      closedRanges: 'node-pod-cidrs',
      allowEgressToLocalNode: false,
      observation,
      preconditions: [featureStatus(missing)],
      resources: enforcedKinds,
      watch: reflectors(this.client),
      driver,
      tables,
      verifier: tables,
      flowMarks: new KernelFlowMarks({ prefix: command }),
      files: nodeFiles,
      clock: systemClock,
      random: Math.random,
      observers: [(event) => tell(event, name, context.onRemark)],
    });
    const flowLog = flows === undefined || observation.log === undefined ? undefined : flowLogOf(agent, flows);
    flowLog?.start();
    const ended = agent.run(this.stopping.signal).catch((error: unknown) => {
      context.onRemark(`${name}: the agent ended: ${error instanceof Error ? error.message : String(error)}`);
    });
    return { agent, driver, flowLog, ended };

    function flowLogOf(view: Agent, output: FlowOutput): FlowLog {
      const group = observation.log?.group ?? 0;
      const reader = relayReader(group);
      const inside: LogReader = { ...reader, command: [...command, ...reader.command] };
      return new FlowLog({
        node: name,
        view,
        output,
        clock: systemClock,
        source: new ProcessPacketLog({ readers: [inside], isTaken: () => false }),
        onState: (state) => {
          if (state.type === 'waiting') context.onRemark(`${name}: no flow log: ${state.message}`);
        },
      });
    }
  }
}

/** What a user of the lab should hear of: what keeps policies from being in force. */
function tell(event: AgentEvent, node: string, onRemark: (message: string) => void): void {
  if (event.type === 'apply-failed') onRemark(`${node}: the kernel refuses the policies: ${event.message}`);
  else if (event.type === 'drift') onRemark(`${node}: somebody changed the table of the agent: ${event.what}`);
  else if (event.type === 'quarantined')
    onRemark(`${node}: the kernel refuses ${event.policies.join(', ')}: their pods are cut off: ${event.reason}`);
  else if (event.type === 'invalid-object')
    onRemark(`${node}: ${event.object} is not understood (${event.reason}): ${event.effect}`);
  else if (event.type === 'remark') onRemark(`${node}: ${event.message}`);
  else if (event.type === 'precondition' && event.state === 'failed') onRemark(`${node}: ${event.explanation}`);
}

/**
 * Of /proc and /sys only what is the same in every network namespace: the process is not in that of the node, and the
 * lab itself made everything in there.
 */
const nodeFiles: HostFiles = {
  readText: (path) =>
    path === '/proc/self/status' || path.startsWith('/proc/sys/kernel/')
      ? systemFiles.readText(path)
      : Promise.resolve(undefined),
  list: () => Promise.resolve(undefined),
};
