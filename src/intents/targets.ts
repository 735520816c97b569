/** The targets of an intent: ends with the ports that are meant on them, Services as the pods behind them (S92). */
import { NO, type Tri } from '../base/tri.ts';
import { formatIp } from '../base/inet-format.ts';
import { serviceOfAddress, resolveText } from '../engine/endpoint.ts';
import type { Engine } from '../engine/engine.ts';
import { NO_PORTS, type PortSetId } from '../engine/port-sets.ts';
import { parseTarget } from '../engine/service-target.ts';
import type { Target, TargetLeg } from '../engine/target.ts';
import { emptySet, type EndSet, unionOf } from './end-set.ts';
import type { EndExpression, Entry, PortItem, PortWish } from './intent.ts';
import { everyPort, portItemText, portsOnEnds, type PortsOnEnds } from './ports.ts';
import { type EndProblem, type EndResolver, endText, setOfEndpoint } from './resolve-ends.ts';

/** Ends with ports. */
export interface TargetPiece {
  readonly set: EndSet;
  readonly ports: PortsOnEnds;
  /** Somebody wrote which ports; otherwise the question is whether any is open. */
  readonly asked: boolean;
  /** The Service in front, whose connections may come back to the pod that opened them (D3). */
  readonly via: string | undefined;
}

export type ResolvedTargets = { readonly pieces: readonly TargetPiece[] } | { readonly problem: EndProblem };

/**
 * Entries that ask for the same ports make one piece, because a list of a thousand networks is one set.
 *
 * @param ports those of entries that have none of their own
 */
export function resolveTargets(
  engine: Engine,
  resolver: EndResolver,
  entries: readonly Entry[],
  ports: PortWish | undefined,
): ResolvedTargets {
  const services: TargetPiece[] = [];
  const plain = new Map<string, { readonly piece: TargetPiece; readonly sets: EndSet[] }>();
  for (const { end, ports: own } of entries) {
    const wish = own ?? ports;
    if (isService(engine, resolver, end)) {
      const resolved = servicePieces(engine, resolver, end, wish);
      if ('problem' in resolved) return resolved;
      services.push(...resolved.pieces);
    } else {
      const resolved = plainPiece(engine, resolver, end, wish);
      if ('problem' in resolved) return resolved;
      const { piece } = resolved;
      const key = wishKey(wish);
      const group = plain.get(key);
      if (group === undefined) plain.set(key, { piece, sets: [piece.set] });
      else group.sets.push(piece.set);
    }
  }
  const { cluster } = engine;
  return {
    pieces: [...[...plain.values()].map(({ piece, sets }) => ({ ...piece, set: unionOf(cluster, sets) })), ...services],
  };
}

/** Equal for ports that are written alike. */
export function wishKey(wish: PortWish | undefined): string {
  return wish === undefined ? '' : wish.items.map(portItemText).join(' ');
}

type TextEnd = EndExpression & { readonly type: 'text' };

function isService(engine: Engine, resolver: EndResolver, end: EndExpression): end is TextEnd {
  if (end.type !== 'text') return false;
  if (serviceOfAddress(engine.cluster, end.read) !== undefined) return true;
  const resolved = resolveText(engine.cluster, end.read, { namespace: resolver.namespace });
  return resolved.ok && 'kind' in resolved.value && resolved.value.kind === 'Service';
}

function plainPiece(
  engine: Engine,
  resolver: EndResolver,
  end: EndExpression,
  wish: PortWish | undefined,
): { readonly piece: TargetPiece } | { readonly problem: EndProblem } {
  const resolved = resolver.resolve(end);
  if ('problem' in resolved) return resolved;
  const { set } = resolved;
  const ports = portsOnEnds(engine, wish);
  if (wish !== undefined && !hasPort(set, ports)) return { problem: noSuchPort(engine, end, set, wish) };
  return { piece: { set, ports, asked: wish !== undefined, via: undefined } };
}

/** Whether the ports exist on at least one of the ends: named ports need not. */
export function hasPort(set: EndSet, ports: PortsOnEnds): boolean {
  if (ports.elsewhere !== NO_PORTS) return true;
  return set.pods.some((tri, pod) => tri !== NO && ports.onPod(pod) !== NO_PORTS);
}

function noSuchPort(engine: Engine, end: EndExpression, set: EndSet, wish: PortWish): EndProblem {
  const names = new Set<string>();
  set.pods.forEach((tri, pod) => {
    if (tri !== NO) for (const { name } of engine.cluster.pods.ports[pod] ?? []) if (name !== '') names.add(name);
  });
  const listed = [...names].toSorted().slice(0, 5).join(', ');
  return {
    type: 'nothing',
    message: `nothing of ${endText(end)} has a port named ${wish.items.map(portItemText).join(' or ')}`,
    help: listed === '' ? 'its containers name no ports; write the number' : `its ports are named ${listed}`,
  };
}

/** A question about the Service is one about its backends at their own ports. */
function servicePieces(
  engine: Engine,
  resolver: EndResolver,
  end: TextEnd,
  wish: PortWish | undefined,
): ResolvedTargets {
  const name = end.read.type === 'address' && end.read.ip.family === 6 ? `[${formatIp(end.read.ip)}]` : end.text;
  const targets: Target[] = [];
  for (const suffix of servicePorts(wish)) {
    if (suffix === undefined) {
      const message = `${end.text} is a Service, which has single ports`;
      return { problem: { type: 'unusable', message, help: 'name the ports one by one, or none for all of them' } };
    }
    const parsed = parseTarget(engine.cluster, `${name}${suffix}`, { namespace: resolver.namespace });
    if (!parsed.ok) {
      const { code, message, help } = parsed.problem;
      const type = code === 'not-found' || code === 'no-backend' ? 'nothing' : 'unusable';
      return { problem: { type, message, ...(help === undefined ? {} : { help }) } };
    }
    targets.push(parsed.value);
  }
  return { pieces: targets.flatMap((target) => target.legs.map((leg) => legPiece(engine, resolver, target, leg))) };
}

function servicePorts(wish: PortWish | undefined): readonly (string | undefined)[] {
  if (wish === undefined) return [''];
  return wish.items.map((item: PortItem) => {
    if (item.type === 'all') return item.protocol === undefined ? '' : undefined;
    if (item.type === 'range' && item.first !== item.last) return undefined;
    return `:${portItemText(item)}`;
  });
}

function legPiece(engine: Engine, { universe }: EndResolver, { via }: Target, leg: TargetLeg): TargetPiece {
  const whole = setOfEndpoint(universe, leg.endpoint);
  const set = leg.certain ? whole : { ...emptySet(universe.cluster), pods: whole.pods.map(possibly) };
  const [hop] = via;
  return { set, ports: legPorts(engine, leg), asked: true, via: hop?.id };
}

function possibly(tri: number): number {
  return tri & 1 ? (1 satisfies Tri) : NO;
}

function legPorts({ portSets }: Engine, { port }: TargetLeg): PortsOnEnds {
  if (port.type === 'all' || port.protocol === 'other') return everyPort;
  const set: PortSetId = portSets.range(port.protocol, port.port, port.port);
  return { onPod: () => set, elsewhere: set };
}
