/** Ports of cluster policies: `protocols` of v1alpha2 (S145) and `ports` of v1alpha1 (S146). */
import type { Generation } from './cluster-policy-schema.ts';
import type { Fields } from './fields.ts';
import { shape } from './shape.ts';
import type { ClusterPolicyPort, Protocol } from './objects.ts';
import { formatPath } from './path.ts';
import { boundedInteger, checkExactlyOne, checkItems, checkNotEmpty, requireFields } from './schema-checks.ts';

const PROTOCOL = shape('v1alpha2.ClusterNetworkPolicyProtocol', 'tcp udp sctp destinationNamedPort', {
  hints: { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp', namedPort: 'destinationNamedPort' },
});
const TRANSPORT = shape('v1alpha2.ClusterNetworkPolicyProtocolTCP', 'destinationPort', {
  hints: { port: 'destinationPort', number: 'destinationPort', range: 'destinationPort' },
});
const DESTINATION_PORT = shape('v1alpha2.Port', 'number range', { hints: { port: 'number' } });
const RANGE = shape('v1alpha2.PortRange', 'start end', {
  hints: { from: 'start', to: 'end', port: 'start', endPort: 'end' },
});

const ALPHA1_PORT = shape('v1alpha1.AdminNetworkPolicyPort', 'portNumber portRange namedPort', {
  hints: { port: 'portNumber', number: 'portNumber', range: 'portRange' },
});
const ALPHA1_NUMBER = shape('v1alpha1.Port', 'protocol port', { hints: { number: 'port' } });
const ALPHA1_RANGE = shape('v1alpha1.PortRange', 'protocol start end');

const TRANSPORTS: readonly [field: string, protocol: Protocol][] = [
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
];
const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** `undefined` when the rule does not speak of ports: every protocol and port (S165). */
export function decodePorts(rule: Fields, generation: Generation): readonly ClusterPolicyPort[] | undefined {
  if (generation.version === 'v1alpha2') {
    if (rule.node('protocols') === undefined) return undefined;
    checkItems(rule, 'protocols', 1, 25);
    return rule.objects('protocols', PROTOCOL).map(decodeProtocol);
  }
  checkItems(rule, 'ports', 0, 100);
  // v1alpha1 sets no minimum, and an empty list reads like an absent one.
  if (rule.listLength('ports') === 0) return undefined;
  return rule.objects('ports', ALPHA1_PORT).map(decodeAlpha1Port);
}

function decodeProtocol(fields: Fields): ClusterPolicyPort {
  const span = fields.decoder.span(fields.at);
  checkExactlyOne(fields);
  const named = fields.string('destinationNamedPort');
  if (named !== undefined) return { type: 'named', name: named, span };
  for (const [name, protocol] of TRANSPORTS) {
    const transport = fields.object(name, TRANSPORT);
    if (transport === undefined) continue;
    checkNotEmpty(transport, 'for every port write `destinationPort: {range: {start: 1, end: 65535}}`');
    const port = transport.object('destinationPort', DESTINATION_PORT);
    if (port === undefined) return { type: 'unknown', span };
    checkExactlyOne(port);
    const number = boundedInteger(port, 'number', 1, 65535);
    if (number !== undefined) return { type: 'range', protocol, start: number, end: number, span };
    const range = port.object('range', RANGE);
    const bounds = range === undefined ? undefined : decodeRange(range);
    if (range === undefined || bounds === undefined) return { type: 'unknown', span };
    if (bounds.start >= bounds.end) {
      const help = bounds.start === bounds.end ? `for one port write \`number: ${bounds.start}\`` : undefined;
      range.decoder.fieldError({
        type: 'invalid',
        path: range.path,
        at: range.at,
        detail: 'Start port must be less than End port',
        ...(help === undefined ? {} : { help }),
      });
    }
    return { type: 'range', protocol, ...bounds, span };
  }
  return { type: 'unknown', span };
}

function decodeAlpha1Port(fields: Fields): ClusterPolicyPort {
  const span = fields.decoder.span(fields.at);
  checkExactlyOne(fields);
  const named = fields.string('namedPort');
  if (named !== undefined) return { type: 'named', name: named, span };
  const number = fields.object('portNumber', ALPHA1_NUMBER);
  if (number !== undefined) {
    requireFields(number, 'port');
    const port = boundedInteger(number, 'port', 1, 65535);
    const protocol = alpha1Protocol(number);
    return port === undefined || protocol === undefined
      ? { type: 'unknown', span }
      : { type: 'range', protocol, start: port, end: port, span };
  }
  const range = fields.object('portRange', ALPHA1_RANGE);
  const bounds = range === undefined ? undefined : decodeRange(range);
  const protocol = range === undefined ? undefined : alpha1Protocol(range);
  if (range === undefined || bounds === undefined || protocol === undefined) return { type: 'unknown', span };
  if (bounds.start > bounds.end) {
    // This schema does not compare the two (S146), and a range that is upside down holds no port.
    const message = `${formatPath(range.path)}: start ${bounds.start} is greater than end ${bounds.end}: matches nothing`;
    range.decoder.warn('empty-range', range.at, message, 'swap `start` and `end`');
  }
  return { type: 'range', protocol, ...bounds, span };
}

/** The schema has a default and lists no members: a protocol of no meaning is admitted, and then unknown (S157). */
function alpha1Protocol(fields: Fields): Protocol | undefined {
  const written = fields.string('protocol');
  if (written === undefined) return 'TCP';
  const protocol = PROTOCOLS.find((known) => known === written);
  if (protocol === undefined) {
    const message = `${formatPath(fields.pathOf('protocol'))}: ${JSON.stringify(written)} is no protocol`;
    fields.decoder.warn('unknown-protocol', fields.place('protocol'), message, 'write "TCP", "UDP" or "SCTP"');
  }
  return protocol;
}

function decodeRange(fields: Fields): { readonly start: number; readonly end: number } | undefined {
  requireFields(fields, 'start', 'end');
  const start = boundedInteger(fields, 'start', 1, 65535);
  const end = boundedInteger(fields, 'end', 1, 65535);
  return start === undefined || end === undefined ? undefined : { start, end };
}
