/** What policies are relative to: Namespaces and Nodes. */
import { parseCidr, parseIp } from '../base/inet-parse.ts';
import type { Fields } from './fields.ts';
import { shape } from './shape.ts';
import type { NodeObject, ObjectMeta } from './objects.ts';
import { formatPath } from './path.ts';
import { readAddress } from './pod.ts';

export const NAMESPACE = shape('v1.Namespace', 'apiVersion kind metadata spec status');
export const NODE = shape('v1.Node', 'apiVersion kind metadata spec status');
const NODE_SPEC = shape('v1.NodeSpec', 'podCIDR podCIDRs providerID unschedulable taints configSource externalID');
const NODE_STATUS = shape('v1.NodeStatus', 'addresses', { open: true });
const NODE_ADDRESS = shape('v1.NodeAddress', 'type address', { open: true });

const NAME_LABEL = 'kubernetes.io/metadata.name';
/** Nodes list host names as addresses too. */
const IP_TYPES: ReadonlySet<string> = new Set(['InternalIP', 'ExternalIP']);

/** The server sets the name label itself, whatever is written (S61). */
export function withNameLabel(meta: ObjectMeta): ObjectMeta {
  if (meta.labels.get(NAME_LABEL) === meta.name) return meta;
  return { ...meta, labels: new Map(meta.labels).set(NAME_LABEL, meta.name) };
}

export function decodeNode(object: Fields): Pick<NodeObject, 'addresses' | 'podCidrs'> {
  const spec = object.value('spec', NODE_SPEC);
  const list = spec.strings('podCIDRs');
  const single = spec.string('podCIDR') ?? '';
  const texts = list.length > 0 ? list : single === '' ? [] : [{ value: single, node: spec.place('podCIDR') }];
  const podCidrs = texts.flatMap(({ value, node }) => {
    const parsed = parseCidr(value);
    if (parsed !== undefined) return [parsed.cidr];
    const name = formatPath(spec.pathOf('podCIDRs'));
    spec.decoder.warn('invalid-address', node, `${name}: ${JSON.stringify(value)} is no CIDR and is ignored`);
    return [];
  });
  const addresses = object.object('status', NODE_STATUS)?.objects('addresses', NODE_ADDRESS) ?? [];
  return {
    addresses: addresses.flatMap((address) => {
      const text = address.string('address') ?? '';
      if (IP_TYPES.has(address.string('type') ?? '')) return readAddress(address, 'address', text);
      const parsed = parseIp(text);
      return parsed === undefined ? [] : [parsed.ip];
    }),
    podCidrs,
  };
}
