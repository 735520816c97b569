/** Peers of cluster policies (S145, S157-S168). */
import { formatCidr } from '../base/inet-format.ts';
import { parseCidr } from '../base/inet-parse.ts';
import type { Cidr } from '../base/inet.ts';
import type { Generation } from './cluster-policy-schema.ts';
import type { Fields } from './fields.ts';
import { everything, selectorValue } from './label-selector.ts';
import type { ClusterPolicyPeer } from './objects.ts';
import { formatPath, item } from './path.ts';
import { checkExactlyOne, checkItems, checkUnique, requireFields } from './schema-checks.ts';

const DOMAIN_PATTERN =
  '^(\\*\\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.?$';

const NAMED_PORT_CONFLICT =
  'networks/nodes/domainNames peer cannot be set with namedPorts since there are no namedPorts for networks/nodes/domainNames';

/** Exactly one field; a peer without any that we know is `unknown` and has to fail closed (S157). */
export function decodePeer(fields: Fields, generation: Generation): ClusterPolicyPeer {
  const span = fields.decoder.span(fields.at);
  checkExactlyOne(fields);
  const pods = fields.object('pods', generation.namespacedPod);
  if (pods !== undefined) {
    requireFields(pods, ...generation.namespacedPodRequired);
    return {
      type: 'pods',
      namespaceSelector: selectorValue(pods, 'namespaceSelector'),
      podSelector: selectorValue(pods, 'podSelector'),
      span,
    };
  }
  if (fields.node('namespaces') !== undefined) {
    return {
      type: 'pods',
      namespaceSelector: selectorValue(fields, 'namespaces'),
      podSelector: everything(undefined),
      span,
    };
  }
  if (fields.node('networks') !== undefined) return { type: 'networks', cidrs: decodeNetworks(fields), span };
  if (fields.node('nodes') !== undefined) return { type: 'nodes', selector: selectorValue(fields, 'nodes'), span };
  if (fields.node('domainNames') !== undefined) return { type: 'domainNames', names: decodeDomainNames(fields), span };
  return { type: 'unknown', span };
}

/**
 * S158. The schema of the experimental channel refuses the combination; the standard channel has no `nodes` and
 * `domainNames` and lets `networks` pass, which then never match.
 */
export function namedPortConflict(rule: Fields, peers: readonly ClusterPolicyPeer[]): void {
  if (peers.some(({ type }) => type === 'nodes' || type === 'domainNames')) {
    rule.decoder.fieldError({ type: 'invalid', path: rule.path, at: rule.at, detail: NAMED_PORT_CONFLICT });
  } else if (peers.some(({ type }) => type === 'networks')) {
    const message = `${formatPath(rule.path)}: Invalid value: ${NAMED_PORT_CONFLICT}`;
    const help = 'the experimental channel refuses this rule; in the standard channel it never matches the networks';
    rule.decoder.warn('named-port-without-pods', rule.at, message, help);
  }
}

/** CEL's `isCIDR` takes host bits, but neither leading zeros nor IPv4-mapped addresses (S163). */
function decodeNetworks(fields: Fields): readonly Cidr[] {
  checkItems(fields, 'networks', 1, 25);
  const networks = fields.strings('networks');
  checkUnique(fields, 'networks', networks);
  const path = fields.pathOf('networks');
  const cidrs: Cidr[] = [];
  networks.forEach(({ value, node }, index) => {
    const at = item(path, index);
    const parsed = parseCidr(value);
    if (value.length > 43) {
      fields.decoder.fieldError({ type: 'tooLong', path: at, at: node, detail: 'may not be more than 43 bytes' });
    } else if (parsed === undefined || parsed.issues.some((issue) => issue !== 'host-bits')) {
      fields.decoder.invalid(at, node, value, ['Invalid CIDR format provided']);
    } else if (parsed.issues.length > 0) {
      const message = `${formatPath(at)}: Invalid value: ${JSON.stringify(value)}: must not have bits set beyond the prefix length`;
      const help = `write ${formatCidr(parsed.cidr)}; v1beta1 refuses the value, earlier versions read it so`;
      fields.decoder.warn('sloppy-cidr', node, message, help);
    }
    if (parsed !== undefined) cidrs.push(parsed.cidr);
  });
  return cidrs;
}

function decodeDomainNames(fields: Fields): readonly string[] {
  checkItems(fields, 'domainNames', 1, 25);
  const names = fields.strings('domainNames');
  checkUnique(fields, 'domainNames', names);
  const path = fields.pathOf('domainNames');
  return names.map(({ value, node }, index) => {
    const at = item(path, index);
    if (!isDomainName(value)) {
      fields.decoder.invalid(at, node, value, [`${formatPath(at)} in body should match '${DOMAIN_PATTERN}'`]);
    }
    return value;
  });
}

/** The schema's pattern by hand: a regular expression could be made to backtrack. Its `A-z` is in the schema too (S168). */
function isDomainName(text: string): boolean {
  const start = text.startsWith('*.') ? 2 : 0;
  const end = text.endsWith('.') ? text.length - 1 : text.length;
  const labels = text.slice(start, end).split('.');
  return labels.length >= 2 && labels.every((label) => isDomainLabel(label));
}

function isDomainLabel(label: string): boolean {
  if (label === '' || !/^[a-zA-z0-9]/.test(label)) return false;
  return label.length === 1 || (/[a-zA-Z0-9]$/.test(label) && /^[-a-zA-Z0-9_]*$/.test(label.slice(1)));
}
