/**
 * The named baseline for the complete relation: the classic reachability matrix, one bit per ordered pair of pods
 * and direction, no ports, no addresses, no tiers. It answers far less than the engine does, so a ratio against
 * it flatters the baseline.
 */
import { createScenario, type Manifest, type ScenarioSize } from './scenario.ts';

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

interface PodRow {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A policy direction reduced to pod numbers: who is selected, and who may talk to them. */
export interface SelectedPeers {
  readonly subjects: readonly number[];
  readonly peers: readonly (readonly number[])[];
}

export interface BitMatrixInput {
  readonly pods: number;
  readonly ingress: readonly SelectedPeers[];
  readonly egress: readonly SelectedPeers[];
}

function requirements(selector: Manifest): Requirement[] {
  const labels = (selector['matchLabels'] ?? {}) as Record<string, string>;
  const expressions = (selector['matchExpressions'] ?? []) as readonly {
    key: string;
    operator: string;
    values?: string[];
  }[];
  return [
    ...Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
    ...expressions.map((e) => ({ key: e.key, operator: e.operator, values: e.values ?? [] })),
  ];
}

function holds(wanted: readonly Requirement[], labels: Readonly<Record<string, string>>): boolean {
  return wanted.every(({ key, operator, values }) => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      default:
        return value === undefined;
    }
  });
}

/** Evaluates the selectors once; only the matrix itself is timed by the benchmark. */
export function bitMatrixInput(size: ScenarioSize): BitMatrixInput {
  const scenario = createScenario(size);
  const pods: PodRow[] = [];
  const byNamespace = new Map<string, number[]>();
  for (const pod of scenario.pods) {
    const meta = pod['metadata'] as unknown as { namespace: string; labels: Record<string, string> };
    const list = byNamespace.get(meta.namespace) ?? [];
    list.push(pods.length);
    byNamespace.set(meta.namespace, list);
    pods.push({ namespace: meta.namespace, labels: meta.labels });
  }
  const namespaces = scenario.namespaces.map(
    (n) => n['metadata'] as unknown as { name: string; labels: Record<string, string> },
  );
  const everyone = pods.map((_, i) => i);

  const select = (selector: Manifest, within: readonly number[]): readonly number[] => {
    const wanted = requirements(selector);
    return wanted.length === 0 ? within : within.filter((i) => holds(wanted, pods[i]?.labels ?? {}));
  };
  const peersOf = (peer: Manifest, namespace: string): readonly number[] => {
    if (peer['ipBlock'] !== undefined) return [];
    let within: readonly number[] = byNamespace.get(namespace) ?? [];
    if (peer['namespaceSelector'] !== undefined) {
      const wanted = requirements(peer['namespaceSelector'] as Manifest);
      within = namespaces.filter((n) => holds(wanted, n.labels)).flatMap((n) => byNamespace.get(n.name) ?? []);
    }
    return peer['podSelector'] === undefined ? within : select(peer['podSelector'] as Manifest, within);
  };

  const direction = (type: 'Ingress' | 'Egress', rules: 'ingress' | 'egress', side: 'from' | 'to'): SelectedPeers[] =>
    scenario.policies.flatMap((policy) => {
      const spec = policy['spec'] as unknown as { policyTypes: string[]; podSelector: Manifest } & Record<
        string,
        readonly Manifest[] | undefined
      >;
      const { namespace } = policy['metadata'] as unknown as { namespace: string };
      if (!spec.policyTypes.includes(type)) return [];
      return [
        {
          subjects: select(spec.podSelector, byNamespace.get(namespace) ?? []),
          peers: (spec[rules] ?? []).flatMap((rule) => {
            const peers = rule[side] as readonly Manifest[] | undefined;
            return peers === undefined ? [everyone] : peers.map((peer) => peersOf(peer, namespace));
          }),
        },
      ];
    });

  return {
    pods: pods.length,
    ingress: direction('Ingress', 'ingress', 'from'),
    egress: direction('Egress', 'egress', 'to'),
  };
}

function fillDirection(pods: number, words: number, policies: readonly SelectedPeers[]): Uint32Array {
  const matrix = new Uint32Array(pods * words);
  const isolated = new Uint8Array(pods);
  const row = new Uint32Array(words);
  for (const { subjects, peers } of policies) {
    row.fill(0);
    for (const list of peers) for (const peer of list) row[peer >>> 5] = (row[peer >>> 5] ?? 0) | (1 << (peer & 31));
    for (const subject of subjects) {
      isolated[subject] = 1;
      const base = subject * words;
      for (let w = 0; w < words; w++) matrix[base + w] = (matrix[base + w] ?? 0) | (row[w] ?? 0);
    }
  }
  for (let pod = 0; pod < pods; pod++) if (isolated[pod] === 0) matrix.fill(0xffffffff, pod * words, (pod + 1) * words);
  return matrix;
}

/**
 * Fills both matrices; `true` when some pair is allowed by ingress. The final AND of the two, one of them transposed,
 * is left out: it would cost the baseline far more than the rest.
 */
export function fillBitMatrices(input: BitMatrixInput): boolean {
  const words = Math.ceil(input.pods / 32);
  const ingress = fillDirection(input.pods, words, input.ingress);
  const egress = fillDirection(input.pods, words, input.egress);
  return ingress.some((word) => word !== 0) && egress.length === ingress.length;
}
