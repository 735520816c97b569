/** Rules and facts in plain words, for explanations. */
import { assertNever } from '../base/assert.ts';
import { positionAt, type Span } from '../base/source.ts';
import type {
  ClusterPolicyObject,
  ClusterPolicyPort,
  ContainerPort,
  LabelSelector,
  Labels,
  NetworkPolicyObject,
  PolicyPort,
  Requirement,
} from '../kube/objects.ts';
import { matchesRequirement } from '../kube/selectors.ts';
import type { RuleReference } from './results.ts';

export function policyName(policy: NetworkPolicyObject | ClusterPolicyObject): string {
  const { kind, meta } = policy;
  return kind === 'NetworkPolicy' ? `${meta.namespace}/${kind}/${meta.name}` : `${kind}/${meta.name}`;
}

/** The policy as a whole. */
export function policyReference(policy: NetworkPolicyObject | ClusterPolicyObject): RuleReference {
  return { policy: policyName(policy), ...place(policy.span) };
}

export function ruleReference(
  policy: NetworkPolicyObject | ClusterPolicyObject,
  rule: {
    readonly path: string;
    readonly span: Span | undefined;
    readonly name?: string;
    readonly action?: 'Accept' | 'Deny' | 'Pass';
  },
): RuleReference {
  // AdminNetworkPolicy says Allow where ClusterNetworkPolicy says Accept; answer in the words of the file.
  const old = policy.kind === 'AdminNetworkPolicy' || policy.kind === 'BaselineAdminNetworkPolicy';
  const action = rule.action === 'Accept' && old ? 'Allow' : rule.action;
  return {
    policy: policyName(policy),
    rule: rule.path,
    ...(rule.name !== undefined && rule.name !== '' ? { name: rule.name } : {}),
    ...(action !== undefined ? { action } : {}),
    ...place(rule.span ?? policy.span),
  };
}

function place(span: Span | undefined): { file?: string; line?: number; column?: number } {
  if (span === undefined) return {};
  const { line, column } = positionAt(span.source, span.start);
  return { file: span.source.name, line, column };
}

/** `role=api`, `role in (api, web)`, `!role`, several joined by commas as kubectl writes them. */
export function selectorWords(selector: LabelSelector): string {
  if (selector.invalid) return 'an invalid selector';
  return selector.requirements.map(requirementWords).join(',');
}

function requirementWords({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0] ?? ''}` : `${key} in (${values.join(', ')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0] ?? ''}` : `${key} notin (${values.join(', ')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return assertNever(operator);
  }
}

/** The requirements that the labels do not meet. */
export function unmet(selector: LabelSelector, labels: Labels): readonly Requirement[] {
  return selector.requirements.filter((requirement) => !matchesRequirement(requirement, labels));
}

/** What the labels say about the keys that the requirements name: `has role=web`, `has no label role`. */
export function labelWords(requirements: readonly Requirement[], labels: Labels): string {
  const keys = [...new Set(requirements.map(({ key }) => key))];
  const present = keys.filter((key) => labels.has(key)).map((key) => `${key}=${labels.get(key) ?? ''}`);
  const absent = keys.filter((key) => !labels.has(key));
  const words: string[] = [];
  if (present.length > 0) words.push(`has ${present.join(', ')}`);
  if (absent.length > 0) words.push(`has no label ${absent.join(', ')}`);
  return words.join(' and ');
}

export function policyPortWords(ports: readonly PolicyPort[]): string {
  return listWords(
    ports.map(({ protocol, port, endPort }) => {
      if (port === undefined) return `every ${protocol} port`;
      if (typeof port === 'string') return `the ${protocol} port named ${port}`;
      return endPort > port ? `${protocol} ${port}-${endPort}` : `${protocol} ${port}`;
    }),
  );
}

export function clusterPortWords(ports: readonly ClusterPolicyPort[]): string {
  return listWords(
    ports.map((port) => {
      if (port.type === 'unknown') return 'a port that is not understood';
      if (port.type === 'named') return `the port named ${port.name}`;
      return port.end > port.start ? `${port.protocol} ${port.start}-${port.end}` : `${port.protocol} ${port.start}`;
    }),
  );
}

/** `the pod has no port named web`, or what the name stands for there. */
export function namedPortWords(names: readonly string[], ports: readonly ContainerPort[] | undefined): string {
  const known = ports ?? [];
  return listWords(
    names.map((name) => {
      const found = known.filter((port) => port.name === name);
      if (ports === undefined) return `the destination has no port named ${name} because it is no pod`;
      if (found.length === 0) return `the destination has no port named ${name}`;
      return `${name} is ${found.map((port) => `${port.protocol} ${port.containerPort}`).join(', ')} there`;
    }),
  );
}

const SHOWN = 4;

/** `a, b and 3 more`. */
export function listWords(parts: readonly string[]): string {
  if (parts.length <= SHOWN) return parts.join(', ');
  return `${parts.slice(0, SHOWN).join(', ')} and ${parts.length - SHOWN} more`;
}
