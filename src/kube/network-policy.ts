/** `networking.k8s.io/v1` NetworkPolicy: decoded, defaulted and validated as the API server does (S1-S52). */
import { formatCidr } from '../base/inet-format.ts';
import { type InetIssue, type ParsedCidr, parseCidr, parseIp } from '../base/inet-parse.ts';
import { type Cidr, cidrContains, cidrOfIp } from '../base/inet.ts';
import type { Fields, Located } from './fields.ts';
import { shape } from './shape.ts';
import { optionalSelector, selectorValue } from './label-selector.ts';
import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPeer, PolicyPort, Protocol } from './objects.ts';
import { type FieldPath, formatPath, item } from './path.ts';
import { portNameProblems, portNumberProblems } from './syntax.ts';

export const NETWORK_POLICY = shape('v1.NetworkPolicy', 'apiVersion kind metadata spec status');
const SPEC = shape('v1.NetworkPolicySpec', 'podSelector ingress egress policyTypes', {
  hints: { selector: 'podSelector', from: 'ingress', to: 'egress', rules: 'ingress', types: 'policyTypes' },
});
const INGRESS_RULE = shape('v1.NetworkPolicyIngressRule', 'ports from', {
  hints: { to: 'from', podSelector: 'from', namespaceSelector: 'from', ipBlock: 'from' },
});
const EGRESS_RULE = shape('v1.NetworkPolicyEgressRule', 'ports to', {
  hints: { from: 'to', podSelector: 'to', namespaceSelector: 'to', ipBlock: 'to' },
});
const PEER = shape('v1.NetworkPolicyPeer', 'podSelector namespaceSelector ipBlock', {
  hints: { matchLabels: 'podSelector', cidr: 'ipBlock', namespace: 'namespaceSelector', pod: 'podSelector' },
});
const IP_BLOCK = shape('v1.IPBlock', 'cidr except');
const PORT = shape('v1.NetworkPolicyPort', 'protocol port endPort', {
  hints: { targetPort: 'port', number: 'port', prot: 'protocol', proto: 'protocol' },
});

const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];
const POLICY_TYPES = ['Ingress', 'Egress'];

/** No container port has this name, so a port item that was stored with a protocol of no meaning matches nothing (D11). */
const UNMATCHABLE_NAME = '\u0000';

export type NetworkPolicyParts = Pick<
  NetworkPolicyObject,
  'podSelector' | 'isolates' | 'ingress' | 'egress' | 'written'
>;

/** Reads `spec`; absent and `{}` mean default-deny for ingress (S4). Errors come in the server's order (S31). */
export function decodeNetworkPolicy(object: Fields): NetworkPolicyParts {
  const spec = object.value('spec', SPEC);
  const podSelector = selectorValue(spec, 'podSelector');
  const ingress = spec.objects('ingress', INGRESS_RULE).map((rule) => decodeRule(rule, 'from'));
  const egress = spec.objects('egress', EGRESS_RULE).map((rule) => decodeRule(rule, 'to'));
  const types = decodePolicyTypes(spec);
  return {
    podSelector,
    // S16: rules add Egress only when nothing is written.
    isolates:
      types.length === 0
        ? { ingress: true, egress: egress.length > 0 }
        : { ingress: types.includes('Ingress'), egress: types.includes('Egress') },
    ingress,
    egress,
    written: { policyTypes: types.length > 0, ingress: spec.written('ingress'), egress: spec.written('egress') },
  };
}

function decodePolicyTypes(spec: Fields): readonly string[] {
  const types = spec.strings('policyTypes', 'v1.PolicyType');
  const path = spec.pathOf('policyTypes');
  const values = types.map(({ value }) => value);
  if (types.length > 2) {
    const detail = 'may not specify more than two policyTypes';
    spec.decoder.fieldError({ type: 'invalid', path, at: spec.place('policyTypes'), value: values, detail });
    return values;
  }
  types.forEach(({ value, node }, index) => {
    if (POLICY_TYPES.includes(value)) return;
    const meant = POLICY_TYPES.find((type) => type.toLowerCase() === value.toLowerCase());
    spec.decoder.fieldError({
      type: 'unsupported',
      path: item(path, index),
      at: node,
      value,
      detail: 'supported values: "Ingress", "Egress"',
      ...(meant === undefined ? {} : { help: `write ${meant}` }),
    });
  });
  return values;
}

function decodeRule(fields: Fields, peers: 'from' | 'to'): NetworkPolicyRule {
  // Ports first: the order of the server's errors (S31).
  const ports = fields.objects('ports', PORT).map(decodePort);
  return {
    ports,
    peers: fields.objects(peers, PEER).map(decodePeer),
    path: formatPath(fields.path),
    span: fields.decoder.span(fields.at),
  };
}

function decodePort(fields: Fields): PolicyPort {
  const { decoder } = fields;
  const written = fields.string('protocol', 'v1.Protocol');
  const protocol = written === undefined ? 'TCP' : PROTOCOLS.find((known) => known === written);
  if (protocol === undefined) {
    const meant = PROTOCOLS.find((known) => known === written?.toUpperCase());
    decoder.fieldError({
      type: 'unsupported',
      path: fields.pathOf('protocol'),
      at: fields.place('protocol'),
      value: written,
      detail: 'supported values: "TCP", "UDP", "SCTP"',
      ...(meant === undefined ? {} : { help: `write ${meant}` }),
    });
  }
  const port = fields.intOrString('port');
  const endPort = fields.int32('endPort');
  checkPort(fields, port, endPort);
  return {
    protocol: protocol ?? 'TCP',
    port: protocol === undefined ? UNMATCHABLE_NAME : port,
    endPort: typeof port === 'number' ? (endPort ?? port) : 0,
    span: decoder.span(fields.at),
  };
}

/** S33-S35. */
function checkPort(fields: Fields, port: number | string | undefined, endPort: number | undefined): void {
  const { decoder } = fields;
  const path = fields.pathOf('port');
  const endPath = fields.pathOf('endPort');
  const at = fields.place('port');
  const endAt = fields.place('endPort');
  if (typeof port === 'number') {
    decoder.invalid(path, at, port, portNumberProblems(port));
    if (endPort === undefined) return;
    if (endPort < port) decoder.invalid(endPath, endAt, endPort, ['must be greater than or equal to `port`']);
    decoder.invalid(endPath, endAt, endPort, portNumberProblems(endPort));
    return;
  }
  if (port === undefined) {
    // A port of the wrong type is reported already.
    if (endPort !== undefined && fields.node('port') === undefined) {
      decoder.invalid(endPath, endAt, endPort, ['may not be specified when `port` is not specified']);
    }
    return;
  }
  if (endPort !== undefined)
    decoder.invalid(endPath, endAt, endPort, ['may not be specified when `port` is non-numeric']);
  const help = /^\d+$/.test(port) ? `a quoted port is a name: write ${port} without quotes` : undefined;
  decoder.invalid(path, at, port, portNameProblems(port), help);
}

function decodePeer(fields: Fields): PolicyPeer {
  const { decoder } = fields;
  const podSelector = optionalSelector(fields, 'podSelector');
  const namespaceSelector = optionalSelector(fields, 'namespaceSelector');
  const ipBlock = fields.object('ipBlock', IP_BLOCK);
  const span = decoder.span(fields.at);
  if (ipBlock !== undefined) {
    const block = decodeIpBlock(ipBlock);
    if (podSelector !== undefined || namespaceSelector !== undefined) {
      const detail = 'may not specify both ipBlock and another peer';
      const help = 'put the ipBlock into a list item of its own: items are alternatives';
      decoder.fieldError({ type: 'forbidden', path: fields.path, at: fields.at, detail, help });
    }
    return { type: 'ipBlock', ...block, span };
  }
  if (podSelector !== undefined || namespaceSelector !== undefined)
    return { type: 'pods', podSelector, namespaceSelector, span };
  const help = 'for every peer leave out the whole list; for every pod of the namespace write `podSelector: {}`';
  decoder.fieldError({ type: 'required', path: fields.path, at: fields.at, detail: 'must specify a peer', help });
  return { type: 'ipBlock', cidr: undefined, except: [], span };
}

/** S40-S45. */
function decodeIpBlock(fields: Fields): { readonly cidr: Cidr | undefined; readonly except: readonly Cidr[] } {
  const { decoder } = fields;
  const text = fields.string('cidr') ?? '';
  const exceptTexts = fields.strings('except');
  if (text === '') {
    decoder.fieldError({ type: 'required', path: fields.pathOf('cidr'), at: fields.place('cidr') });
    return { cidr: undefined, except: [] };
  }
  const parsed = readCidr(fields, fields.pathOf('cidr'), { value: text, node: fields.place('cidr') });
  if (parsed === undefined) return { cidr: undefined, except: [] };
  const exceptPath = fields.pathOf('except');
  const except: Cidr[] = [];
  exceptTexts.forEach((located, index) => {
    const path = item(exceptPath, index);
    const hole = readCidr(fields, path, located);
    if (hole === undefined) return;
    except.push(hole.cidr);
    const inside = cidrContains(parsed.cidr, firstOf(hole.cidr));
    if (inside && parsed.writtenPrefix < hole.writtenPrefix) return;
    decoder.invalid(path, located.node, located.value, ['must be a strict subset of `cidr`']);
  });
  return { cidr: parsed.cidr, except };
}

function firstOf(cidr: Cidr) {
  return cidr.family === 4 ? ({ family: 4, value: cidr.first } as const) : ({ family: 6, value: cidr.first } as const);
}

const STRICT_MESSAGES: Readonly<Record<InetIssue, string>> = {
  'leading-zeros': 'must not have leading 0s in IP or prefix length',
  'ipv4-mapped': 'must not have an IPv4-mapped IPv6 address',
  'host-bits': 'must not have bits set beyond the prefix length',
};

/** Refuses what every server refuses (S41); what only newer ones refuse (S42) is a warning, because it means something. */
function readCidr(fields: Fields, path: FieldPath, { value, node }: Located<string>): ParsedCidr | undefined {
  const parsed = parseCidr(value);
  if (parsed === undefined) {
    const detail = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
    fields.decoder.invalid(path, node, value, [detail], cidrHelp(value));
    return undefined;
  }
  const issue = parsed.issues[0];
  if (issue !== undefined) {
    const canonical = formatCidr(parsed.cidr);
    const message = `${formatPath(path)}: Invalid value: ${JSON.stringify(value)}: ${STRICT_MESSAGES[issue]}`;
    fields.decoder.warn(
      'sloppy-cidr',
      node,
      message,
      `write ${canonical}; Kubernetes 1.36 and newer refuse the value, older ones read it so`,
    );
  }
  return parsed;
}

function cidrHelp(value: string): string | undefined {
  const address = parseIp(value);
  if (address !== undefined) return `write ${formatCidr(cidrOfIp(address.ip))} for this one address`;
  if (/^[A-Za-z0-9*-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}$/.test(value.slice(0, 253))) {
    return 'NetworkPolicy knows no host names; a ClusterNetworkPolicy has `domainNames`';
  }
  return undefined;
}
