/** What is not the same in two inputs: policies, labels, and other facts that policy depends on. */
import { positionAt } from '../base/source.ts';
import type { Span } from '../base/source.ts';
import { formatIp } from '../base/inet-format.ts';
import type { ClusterPolicyObject, ContainerPort, Labels, NetworkPolicyObject } from '../kube/objects.ts';
import { compareText } from '../model/order.ts';
import type { Engine } from './engine.ts';
import { policyName } from './rule-words.ts';
import type { JointItem, JointMember } from './semantic-diff-classes.ts';
import type { Side } from './semantic-diff-ports.ts';
import type { ChangeCause, DiffEdit } from './semantic-diff-results.ts';

type Policy = NetworkPolicyObject | ClusterPolicyObject;

/** Edits by id; those of workloads and nodes are only looked for where something changed. */
export class Edits {
  private readonly engines: Readonly<Record<Side, Engine>>;
  private readonly edits = new Map<string, Omit<DiffEdit, 'connections'>>();
  private readonly causes = new Map<object, ChangeCause | null>();

  constructor(engines: Readonly<Record<Side, Engine>>) {
    this.engines = engines;
    const policies = new Map<string, { before?: Policy; after?: Policy }>();
    for (const side of ['before', 'after'] as const) {
      const { cluster } = engines[side];
      for (const policy of [...cluster.networkPolicies, ...cluster.clusterPolicies]) {
        const name = policyName(policy);
        const both = policies.get(name);
        if (both === undefined) policies.set(name, { [side]: policy });
        else both[side] = policy;
      }
    }
    for (const [id, { before, after }] of policies) {
      if (before !== undefined && after !== undefined && samePolicy(before, after)) continue;
      this.put({
        id,
        type: 'policy',
        change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
        ...places(before?.span, after?.span),
      });
    }
    this.namespaces();
  }

  all(): readonly Omit<DiffEdit, 'connections'>[] {
    const order = ['policy', 'namespace', 'workload', 'node'];
    return [...this.edits.values()].sort(
      (a, b) => order.indexOf(a.type) - order.indexOf(b.type) || compareText(a.id, b.id),
    );
  }

  has(id: string): boolean {
    return this.edits.has(id);
  }

  /** The policy as a cause, when it was edited. */
  ofPolicy(policy: Policy, rule?: { readonly path: string; readonly span: Span | undefined }): ChangeCause | undefined {
    // Asked for every changed connection, and places in text take a search.
    const key = rule ?? policy;
    let cause = this.causes.get(key);
    if (cause === undefined) {
      const id = policyName(policy);
      const where = place(rule?.span ?? policy.span);
      cause = this.edits.has(id) ? { edit: id, ...(rule === undefined ? {} : { rule: rule.path }), ...where } : null;
      this.causes.set(key, cause);
    }
    return cause ?? undefined;
  }

  /** An item that is on one side only. */
  ofItem(item: JointItem): ChangeCause {
    let cause = this.causes.get(item);
    if (cause === undefined || cause === null) {
      const change = item.in === 'before' ? 'removed' : 'added';
      this.put({ id: item.id, type: item.type === 'nodes' ? 'node' : 'workload', change });
      cause = { edit: item.id };
      this.causes.set(item, cause);
    }
    return cause;
  }

  /** Everything that policy may look at and that differs between the two sides of one pod or node. */
  ofFacts(item: JointItem, member: JointMember): readonly ChangeCause[] {
    if (item.in !== 'both') return [this.ofItem(item)];
    const causes: ChangeCause[] = [];
    const what = item.type === 'nodes' ? this.nodeFacts(member) : this.podFacts(member);
    if (what.length > 0) {
      const type = item.type === 'nodes' ? 'node' : 'workload';
      const known = this.edits.get(item.id)?.what ?? [];
      this.put({ id: item.id, type, change: 'changed', what: [...new Set([...known, ...what])].sort() });
      causes.push({ edit: item.id });
    }
    const namespace = `Namespace/${item.namespace}`;
    if (item.type === 'workload' && this.edits.has(namespace)) causes.push({ edit: namespace });
    return causes;
  }

  private podFacts({ before, after, nodeBefore, nodeAfter }: JointMember): readonly string[] {
    const [a, b] = [this.engines.before.cluster.pods, this.engines.after.cluster.pods];
    if (before < 0 || after < 0) return [];
    const what: string[] = [];
    if (!sameLabels(a.labels[before] ?? NO_LABELS, b.labels[after] ?? NO_LABELS)) what.push('labels');
    if (portsText(a.ports[before] ?? []) !== portsText(b.ports[after] ?? [])) what.push('container ports');
    const addresses = (ips: (typeof a.ips)[number] | undefined): string => (ips ?? []).map(formatIp).sort().join(',');
    if (addresses(a.ips[before]) !== addresses(b.ips[after])) what.push('addresses');
    if (a.isHostNetwork(before) !== b.isHostNetwork(after)) what.push('host network');
    if (nodeBefore !== nodeAfter) what.push('node');
    return what;
  }

  private nodeFacts({ nodeBefore, nodeAfter }: JointMember): readonly string[] {
    const a = this.engines.before.cluster.nodeNamed(nodeBefore);
    const b = this.engines.after.cluster.nodeNamed(nodeAfter);
    if (a === undefined || b === undefined) return [];
    const what: string[] = [];
    if (!sameLabels(a.labels, b.labels)) what.push('labels');
    const addresses = (ips: typeof a.addresses): string => ips.map(formatIp).sort().join(',');
    if (addresses(a.addresses) !== addresses(b.addresses)) what.push('addresses');
    return what;
  }

  private namespaces(): void {
    const { before, after } = this.engines;
    for (const namespace of before.cluster.namespaces) {
      const twin = after.cluster.namespaceNamed(namespace.name);
      const id = `Namespace/${namespace.name}`;
      if (twin === undefined) {
        this.put({ id, type: 'namespace', change: 'removed' });
        continue;
      }
      const known = namespace.labelsKnown === twin.labelsKnown;
      if (known && sameLabels(namespace.labels, twin.labels)) continue;
      const what = known
        ? ['labels']
        : [twin.labelsKnown ? 'its labels are known now' : 'its labels are not known now'];
      const labels = { added: onlyIn(twin.labels, namespace.labels), removed: onlyIn(namespace.labels, twin.labels) };
      this.put({ id, type: 'namespace', change: 'changed', what, labels });
    }
    for (const { name } of after.cluster.namespaces) {
      if (before.cluster.namespaceNamed(name) === undefined) {
        this.put({ id: `Namespace/${name}`, type: 'namespace', change: 'added' });
      }
    }
  }

  private put(edit: Omit<DiffEdit, 'connections'>): void {
    this.edits.set(edit.id, edit);
  }
}

const NO_LABELS: Labels = new Map();

function place(span: Span | undefined): { file?: string; line?: number } {
  if (span === undefined) return {};
  return { file: span.source.name, line: positionAt(span.source, span.start).line };
}

function places(before: Span | undefined, after: Span | undefined): Pick<DiffEdit, 'file' | 'line' | 'was'> {
  const [was, is] = [place(before), place(after)];
  if (after === undefined) return was;
  const moved = before !== undefined && (was.file !== is.file || was.line !== is.line);
  return { ...is, ...(moved ? { was } : {}) };
}

function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

function onlyIn(a: Labels, b: Labels): readonly string[] {
  return [...a].flatMap(([key, value]) => (b.get(key) === value ? [] : [`${key}=${value}`])).sort();
}

function portsText(ports: readonly ContainerPort[]): string {
  return ports
    .map(({ name, protocol, containerPort }) => `${name} ${protocol} ${containerPort}`)
    .sort()
    .join(',');
}

/** Fields that say where something stands or how it was written, and not what it means. */
const PLACES: ReadonlySet<string> = new Set(['span', 'path', 'written', 'meta', 'apiVersion']);

/** Whether two versions of a policy say the same, wherever and in whatever layout they say it. */
function samePolicy(a: Policy, b: Policy): boolean {
  return a === b || sameValue(a, b);
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((value, i) => sameValue(value, b[i]));
  }
  for (const key of Object.keys(a)) {
    if (PLACES.has(key)) continue;
    if (!sameValue(Reflect.get(a, key), Reflect.get(b, key))) return false;
  }
  return true;
}
