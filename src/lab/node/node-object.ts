/** The Node objects of the lab. */
import { fromEntries, type JsonObject, type JsonValue } from '../api/json.ts';
import { timeText } from '../api/times.ts';
import { objectAt, objectsAt, textAt } from '../api/field-values.ts';
import type { NodeNetwork } from '../networks.ts';

export interface NodeFacts {
  /** `v1.32.0`, of the API server as well. */
  readonly version: string;
  readonly architecture: string;
  readonly kernelVersion: string;
  readonly runtime: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly maxPods: number;
}

/** Why a node is not ready. */
export interface NodeTrouble {
  readonly reason: string;
  readonly message: string;
}

export function resourcesOf({ cpus, memoryBytes, maxPods }: NodeFacts): ReadonlyMap<string, string> {
  return new Map([
    ['cpu', String(cpus)],
    ['ephemeral-storage', '10Gi'],
    ['memory', `${Math.floor(memoryBytes / 1024)}Ki`],
    ['pods', String(maxPods)],
  ]);
}

export function nodeObject(network: NodeNetwork, facts: NodeFacts, nowMs: number): JsonObject {
  const { name, podCidrs } = network;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': facts.architecture,
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': facts.architecture,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
    },
    spec: { podCIDR: podCidrs[0] ?? '', podCIDRs: [...podCidrs], providerID: `sallyport://${name}` },
    status: nodeStatus({}, network, facts, undefined, nowMs),
  };
}

/** Fields and conditions of others are kept. */
export function nodeStatus(
  before: JsonObject,
  network: NodeNetwork,
  facts: NodeFacts,
  trouble: NodeTrouble | undefined,
  nowMs: number,
): JsonObject {
  const resources = Object.fromEntries(resourcesOf(facts));
  const addresses: JsonValue = [
    ...network.addresses.map((address) => ({ type: 'InternalIP', address })),
    { type: 'Hostname', address: network.name },
  ];
  const id = `5a11${String(network.index).padStart(28, '0')}`;
  return fromEntries(
    new Map<string, JsonValue | undefined>([
      ...Object.entries(before),
      ['addresses', addresses],
      ['allocatable', resources],
      ['capacity', resources],
      ['conditions', conditions(objectsAt(before, 'conditions'), trouble, nowMs)],
      ['daemonEndpoints', { kubeletEndpoint: { Port: 10_250 } }],
      [
        'nodeInfo',
        {
          architecture: facts.architecture,
          bootID: id,
          containerRuntimeVersion: `sallyport://${facts.runtime}`,
          kernelVersion: facts.kernelVersion,
          kubeProxyVersion: facts.version,
          kubeletVersion: facts.version,
          machineID: id,
          operatingSystem: 'linux',
          osImage: 'Sallyport lab',
          systemUUID: id,
        },
      ],
    ]),
  );
}

function conditions(
  before: readonly JsonObject[],
  trouble: NodeTrouble | undefined,
  nowMs: number,
): readonly JsonObject[] {
  const now = timeText(nowMs);
  const wanted = [
    ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    trouble === undefined
      ? ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status']
      : ['Ready', 'False', trouble.reason, trouble.message],
  ] as const;
  const own = wanted.map(([type, status, reason, message]) => {
    const known = before.find((each) => textAt(each, 'type') === type);
    const since = known !== undefined && textAt(known, 'status') === status ? textAt(known, 'lastTransitionTime') : '';
    return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: since || now };
  });
  const types = new Set<string>(wanted.map(([type]) => type));
  return [...own, ...before.filter((each) => !types.has(textAt(each, 'type')))];
}

/** Empty when it has none. */
export function statusOf(node: JsonObject): JsonObject {
  return objectAt(node, 'status');
}
