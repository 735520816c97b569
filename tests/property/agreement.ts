/** Holds an engine against the oracle on one complete cluster, connection by connection. */
import { formatCidr } from '../../src/base/inet-format.ts';
import type { IpAddress } from '../../src/base/inet.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { portPoint } from '../../src/engine/port-sets.ts';
import type { Endpoint } from '../../src/engine/query.ts';
import type { GateResult, NearMiss, RuleReference } from '../../src/engine/results.ts';
import { inCidr, parseAddress } from '../oracle/addresses.ts';
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import { type Answer, type End, type Gate, Oracle, type Query } from '../oracle/oracle.ts';
import { askedPorts, endName, pairsOf } from './queries.ts';

export interface Findings {
  /** How many single connections were compared. */
  queries: number;
  readonly wrong: string[];
}

export function engineAddress(text: string): IpAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`no address: ${text}`);
  return address.family === 4 ? { family: 4, value: Number(address.value) } : { family: 6, value: address.value };
}

export function endpointOf(engine: Engine, end: End): Endpoint {
  const { cluster } = engine;
  if ('ip' in end) return { type: 'address', ip: engineAddress(end.ip) };
  if ('node' in end) {
    const node = cluster.nodeNamed(end.node);
    if (node === undefined) throw new Error(`the engine knows no node ${end.node}`);
    return { type: 'node', node: node.index };
  }
  const [namespace = '', name = ''] = end.pod.split('/');
  const pod = cluster.podNamed(namespace, name);
  if (pod === undefined) throw new Error(`the engine knows no pod ${end.pod}`);
  return { type: 'pod', pod };
}

/**
 * The engine's answer for one family of addresses: its port sets tell the families of a pair apart. The verdict, which
 * is that of any family, has to go with it.
 */
export function allowedBy(engine: Engine, query: Query): boolean {
  const [from, to] = [endpointOf(engine, query.from), endpointOf(engine, query.to)];
  const sets = engine.ports(from, to);
  const bounds = sets.families === undefined ? sets : sets.families[`IPv${query.family}`];
  const point = portPoint(query.protocol, query.port);
  const has = (set: PortBounds['certain']) => engine.portSets.has(set, point);
  const verdict = engine.verdict({ from, to, protocol: query.protocol, port: query.port });
  if (bounds === undefined || has(bounds.certain) !== has(bounds.possible) || verdict === 'unknown') {
    throw new Error(`not certain: ${endName(query.from)} -> ${endName(query.to)}`);
  }
  if ((verdict === 'allowed') !== has(sets.certain)) throw new Error(`verdict ${verdict} contradicts the port set`);
  return has(bounds.certain);
}

/** What the oracle says about one pair and port: per family, for the families that both ends have. */
function oracleAnswers(
  oracle: Oracle,
  from: End,
  to: End,
  at: Pick<Query, 'protocol' | 'port'>,
  viaService: boolean,
): Map<4 | 6, Answer> {
  const answers = new Map<4 | 6, Answer>();
  for (const family of [4, 6] as const) {
    if ([from, to].some((end) => oracle.addresses(end, family).length === 0)) continue;
    answers.set(family, oracle.evaluate({ from, to, ...at, family, viaService }));
  }
  return answers;
}

/** With the engine's reading of D1. */
export function oracleLike(engine: Engine, objects: readonly Manifest[]): Oracle {
  return new Oracle(objects, { freeEgressToOwnNode: engine.cluster.allowEgressToLocalNode });
}

/** Verdicts, port sets per family, and explanations. */
export function compare(objects: readonly Manifest[], engine: Engine, explain: (index: number) => boolean): Findings {
  const oracle = oracleLike(engine, objects);
  const findings: Findings = { queries: 0, wrong: [] };
  let index = 0;
  for (const { from, to } of pairsOf(objects)) {
    const ends = { from: endpointOf(engine, from), to: endpointOf(engine, to) };
    const itself = endName(from) === endName(to);
    for (const viaService of itself ? [false, true] : [false]) {
      const sets = engine.ports(ends.from, ends.to, viaService);
      for (const at of askedPorts) {
        const answers = oracleAnswers(oracle, from, to, at, viaService);
        const expected = [...answers.values()].some(({ allowed }) => allowed);
        const label = `${endName(from)} -> ${endName(to)} ${at.protocol}/${at.port}${viaService ? ' via a Service' : ''}`;
        const report = (what: string, got: unknown, wanted: unknown) =>
          findings.wrong.push(`${label}: ${what}: ${JSON.stringify(got)}, oracle: ${JSON.stringify(wanted)}`);
        findings.queries += Math.max(1, answers.size);
        const query = { ...ends, ...at, viaService };
        const verdict = engine.verdict(query);
        if (verdict !== (expected ? 'allowed' : 'denied')) report('verdict', verdict, expected);
        compareSets(engine, sets, answers, at, report);
        if (explain(index++)) {
          const result = engine.explain(query);
          compareExplanation(result, answers, expected, report);
          compareIsolation(oracle, engine, from, to, result, report);
          for (const miss of untrueMisses(engine, objects, result, answers, { from, to, ...at, family: 4, viaService }))
            report('near miss', miss, 'untrue');
        }
      }
    }
  }
  return findings;
}

type PortBounds = Pick<ReturnType<Engine['ports']>, 'certain' | 'possible'>;
type Report = (what: string, got: unknown, wanted: unknown) => void;

function compareSets(
  engine: Engine,
  sets: ReturnType<Engine['ports']>,
  answers: ReadonlyMap<4 | 6, Answer>,
  at: Pick<Query, 'protocol' | 'port'>,
  report: Report,
): void {
  const has = (bounds: PortBounds) =>
    [bounds.certain, bounds.possible].map((set) => engine.portSets.has(set, portPoint(at.protocol, at.port)));
  const expected = [...answers.values()].some(({ allowed }) => allowed);
  if (has(sets).some((value) => value !== expected)) report('ports', has(sets), expected);
  if (!sets.uniform) report('uniform', false, true);
  for (const family of [4, 6] as const) {
    const answer = answers.get(family);
    const bounds = sets.families === undefined ? sets : sets.families[`IPv${family}`];
    if (answer === undefined) {
      if (sets.families !== undefined && bounds !== undefined) report(`family ${family}`, bounds, undefined);
    } else if (bounds === undefined) report(`family ${family}`, undefined, answer.allowed);
    else if (has(bounds).some((value) => value !== answer.allowed))
      report(`family ${family}`, has(bounds), answer.allowed);
  }
}

/** `n1/np0 spec.ingress[0]`, as the oracle names rules. */
function ruleName({ policy, rule }: RuleReference): string {
  const parts = policy.split('/');
  const name = parts.length === 3 ? `${parts[0] ?? ''}/${parts[2] ?? ''}` : (parts.at(-1) ?? '');
  return rule === undefined ? name : `${name} ${rule}`;
}

function compareExplanation(
  result: ReturnType<Engine['explain']>,
  answers: ReadonlyMap<4 | 6, Answer>,
  expected: boolean,
  report: Report,
): void {
  if (result.allowed !== expected || !result.certain || result.verdict !== (expected ? 'allowed' : 'denied')) {
    report('explanation', [result.verdict, result.allowed, result.certain], expected);
  }
  // An explanation speaks of the family that decides: the one that is allowed, if one is.
  const speaking = [...answers.values()].filter(({ allowed }) => allowed === expected);
  if (speaking.length === 0) return;
  for (const direction of ['egress', 'ingress'] as const) {
    const gate = result[direction];
    if (!speaking.some((answer) => sameGate(gate, answer[direction]))) {
      report(
        `${direction} gate`,
        gate,
        speaking.map((answer) => answer[direction]),
      );
    }
  }
}

/** Whether a NetworkPolicy selects the pod: what the gates say, and what the class says. */
function compareIsolation(
  oracle: Oracle,
  engine: Engine,
  from: End,
  to: End,
  result: ReturnType<Engine['explain']>,
  report: Report,
): void {
  for (const [end, direction] of [
    [from, 'egress'],
    [to, 'ingress'],
  ] as const) {
    const wanted = 'pod' in end && oracle.isIsolated(end.pod, direction);
    const endpoint = endpointOf(engine, end);
    const ofClass = endpoint.type === 'pod' && engine.isolation(engine.classOfPod(endpoint.pod))[direction] !== 0;
    // A gate that no policy is asked about (a pod reaching itself) says nothing of isolation.
    const gate =
      result[direction].tier === 'exempt' || (result.why ?? []).length > 0 ? wanted : result[direction].isolated;
    if (gate !== wanted || ofClass !== wanted) report(`${direction} isolation`, [gate, ofClass], wanted);
  }
}

/** The rule of a NetworkPolicy without its ports, its peers or both. */
function relaxed(objects: readonly Manifest[], near: NearMiss, drop: readonly ('ports' | 'peers')[]): Manifest[] {
  const [namespace = '', kind = '', name = ''] = near.policy.split('/');
  const [, direction = '', index = ''] = /^spec\.(ingress|egress)\[(\d+)\]$/.exec(near.rule ?? '') ?? [];
  return objects.map((object) => {
    if (object.kind !== kind || object.metadata.name !== name || (object.metadata.namespace ?? 'default') !== namespace)
      return object;
    const copy = structuredClone(object) as { spec: Record<string, Record<string, unknown>[]> };
    const rule = copy.spec[direction]?.[Number(index)];
    if (rule === undefined) throw new Error(`no rule ${near.policy} ${near.rule ?? ''}`);
    if (drop.includes('ports')) delete rule['ports'];
    if (drop.includes('peers')) for (const list of ['from', 'to']) delete rule[list];
    return copy as unknown as Manifest;
  });
}

/** Near misses of NetworkPolicies that would not decide otherwise for the reason they give. */
function untrueMisses(
  engine: Engine,
  objects: readonly Manifest[],
  result: ReturnType<Engine['explain']>,
  answers: ReadonlyMap<4 | 6, Answer>,
  query: Query,
): NearMiss[] {
  return (['egress', 'ingress'] as const).flatMap((direction) =>
    (result[direction].near ?? []).filter((near) => {
      if (near.policy.split('/')[1] !== 'NetworkPolicy') return false;
      // It speaks of one family.
      return ![...answers.keys()].some((family) => {
        const decides = (...drop: ('ports' | 'peers')[]): boolean => {
          const answer = oracleLike(engine, relaxed(objects, near, drop)).evaluate({ ...query, family });
          return answer[direction].by.includes(ruleName(near));
        };
        const [ports, peers] = [decides('ports'), decides('peers')];
        if (near.misses === 'port') return ports;
        return near.misses === 'peer' ? peers && !ports : !ports && !peers && decides('ports', 'peers');
      });
    }),
  );
}

function sameGate(gate: GateResult, truth: Gate): boolean {
  const names = gate.by.map(ruleName).toSorted();
  return (
    gate.allowed === truth.allowed &&
    gate.certain &&
    gate.tier === truth.tier &&
    names.join() === truth.by.toSorted().join()
  );
}

/** The class of an end, and the node it is on when it is a host. */
function classOf(
  engine: Engine,
  objects: readonly Manifest[],
  end: End,
): { classId: number; host: string | undefined; node: string | undefined } {
  if ('ip' in end) {
    const address = parseAddress(end.ip);
    const atom = engine.externalAtoms().find(({ cidrs }) => cidrs.some((cidr) => inCidr(address, formatCidr(cidr))));
    return { classId: atom?.classId ?? -1, host: undefined, node: undefined };
  }
  const endpoint = endpointOf(engine, end);
  if ('node' in end)
    return {
      classId: endpoint.type === 'node' ? engine.classOfNode(endpoint.node) : -1,
      host: end.node,
      node: undefined,
    };
  const pod = objects.find(
    (object) =>
      object.kind === 'Pod' && `${object.metadata.namespace ?? 'default'}/${object.metadata.name}` === end.pod,
  );
  const spec: RawPodSpec = pod?.spec ?? {};
  const nodeName = spec.nodeName ?? undefined;
  const classId = endpoint.type === 'pod' ? engine.classOfPod(endpoint.pod) : -1;
  return spec.hostNetwork === true
    ? { classId, host: nodeName, node: undefined }
    : { classId, host: undefined, node: nodeName };
}

/** The relation, its runs, and the classes: what they say of every pair must be what the pair says of itself. */
export function compareRelation(objects: readonly Manifest[], engine: Engine): Findings {
  const findings: Findings = { queries: 0, wrong: [] };
  const oracle = oracleLike(engine, objects);
  const relation = engine.relation();
  const runs = new Map<string, string>();
  for (let to = 0; to < relation.classCount; to++) {
    relation.forEachSource(to, (first, last, certain, possible) => {
      for (let from = first; from <= last; from++) runs.set(`${from} ${to}`, `${certain} ${possible}`);
    });
    for (let from = 0; from < relation.classCount; from++) {
      const said = `${relation.certain(from, to)} ${relation.possible(from, to)}`;
      if ((runs.get(`${from} ${to}`) ?? '0 0') !== said)
        findings.wrong.push(
          `class ${from} -> ${to}: a run says ${runs.get(`${from} ${to}`) ?? 'nothing'}, the cell ${said}`,
        );
    }
  }
  for (let pod = 0; pod < engine.cluster.pods.length; pod++) {
    const holding = Array.from({ length: engine.classCount }, (_, id) => id).filter((id) =>
      [...engine.podsOfClass(id)].includes(pod),
    );
    if (holding.join() !== `${engine.classOfPod(pod)}`)
      findings.wrong.push(`pod ${pod} is of class ${engine.classOfPod(pod)}, and in ${holding.join()}`);
  }
  for (const { from, to } of pairsOf(objects)) {
    // An atom may hold addresses of both families; alone it says nothing of one that the pod does not have.
    const shared = ([4, 6] as const).filter((family) =>
      [from, to].every((end) => oracle.addresses(end, family).length > 0),
    );
    if (endName(from) === endName(to) || shared.length === 0) continue;
    const [source, target] = [classOf(engine, objects, from), classOf(engine, objects, to)];
    // A host on the pod's own node has a rule of its own (S100).
    const own = source.host !== undefined && source.host === target.node;
    if (engine.cluster.allowEgressToLocalNode && target.host !== undefined && target.host === source.node) continue;
    const pair = engine.ports(endpointOf(engine, from), endpointOf(engine, to));
    const cell = own
      ? engine.ownNodePorts(source.classId, target.classId)
      : {
          certain: relation.certain(source.classId, target.classId),
          possible: relation.possible(source.classId, target.classId),
        };
    findings.queries++;
    if (pair.certain !== cell.certain || pair.possible !== cell.possible) {
      findings.wrong.push(
        `${endName(from)} -> ${endName(to)}: the pair says ${pair.certain} ${pair.possible}, the relation ${cell.certain} ${cell.possible}`,
      );
    }
  }
  return findings;
}
