/**
 * Counting which policy let a first packet in, at no cost to established traffic.
 *
 * Where one policy opens everything its matches count by themselves. Else the packet passes one more chain, which looks
 * its peer up in a map of counters: by peer and port where several policies open single ports to a peer, by peer for
 * all the rest. Where several policies open ranges of ports to one peer, all of these are the first policy's.
 */
import type { OpenedBy, PolicySet } from './plan.ts';
import type { PlanCounters } from './counters.ts';
import {
  intersectPorts,
  NO_PORTS,
  opensOtherProtocols,
  portCount,
  portRangesOf,
  subtractPorts,
  type OpenPorts,
} from './open-ports.ts';
import { classId } from './port-matches.ts';
import type { RulesetBuilder } from './ruleset.ts';

/** Up to so many ports that a policy opens beside another one's are elements of a map. */
const MAX_SINGLE_PORTS = 16;

export interface HitRules {
  /** How the matches of ports that are open to everybody go on, each with its part of the ports. */
  readonly toAll: readonly { readonly ports: OpenPorts; readonly verdict: string }[];
  /** How all other matches go on. */
  readonly rest: string;
}

/** `verdict` is where packets go that the set lets through. */
export function hitRules(set: PolicySet, verdict: string, counters: PlanCounters, into: RulesetBuilder): HitRules {
  const plain: HitRules = { toAll: [{ ports: set.toAll, verdict }], rest: verdict };
  if (set.openedBy.size === 0) return plain;
  const count = (policy: string): string => {
    const counter = counters.hits(set.direction, policy);
    return counter === undefined ? verdict : `counter name ${counter} ${verdict}`;
  };
  const only = onlyOpener(set);
  if (only !== undefined) return { toAll: [{ ports: set.toAll, verdict: count(only) }], rest: count(only) };

  const common = openedToAll(set);
  const named = [...common].map(([policy, ports]) => ({ ports, verdict: count(policy) }));
  const everybodys = [...common.values()];
  const chain = `${set.name}_h`;
  const byPeer = new Map<string, string>();
  const byPort = new Map<string, string>();
  for (const [id, open] of set.open) {
    const opened = (set.openedBy.get(id) ?? [])
      .map(({ policy, ports }) => ({ policy, ports: everybodys.reduce(subtractPorts, ports) }))
      .filter(({ ports }) => ports.line.length > 0);
    const [first, ...more] = inOrder(opened, everybodys.reduce(subtractPorts, open));
    if (first?.policy !== undefined) {
      const counter = counters.hits(set.direction, first.policy);
      if (counter !== undefined) byPeer.set(classId(id), counter);
    }
    for (const { policy, ports } of more) {
      const counter = policy === undefined ? undefined : counters.hits(set.direction, policy);
      if (counter !== undefined && isSingle(ports)) {
        for (const point of pointsOf(ports)) byPort.set(`${classId(id)} . ${point}`, counter);
      }
    }
  }
  const rules: string[] = [];
  const look = (name: string, type: string, key: string, elements: ReadonlyMap<string, string>): void => {
    if (elements.size === 0) return;
    const map = into.set({ name, kind: 'map', type: `${type} : counter`, interval: false, elements });
    rules.push(`counter name ${key} map ${map} ${verdict}`);
  };
  const portKey = 'meta priority . meta l4proto . th dport';
  look(`${set.name}_hp`, 'classid . inet_proto . inet_service', portKey, byPort);
  look(`${set.name}_hi`, 'classid', 'meta priority', byPeer);
  const left = everybodys.reduce(subtractPorts, set.toAll);
  if (rules.length === 0) return { toAll: [...named, { ports: left, verdict }], rest: verdict };
  into.chain(chain, [...rules, verdict]);
  return { toAll: [...named, { ports: left, verdict: `goto ${chain}` }], rest: `goto ${chain}` };
}

/** The policy that opens all that is open. */
function onlyOpener({ open, openedBy }: PolicySet): string | undefined {
  let only: string | undefined;
  for (const [id, ports] of open) {
    const opened = openedBy.get(id) ?? [];
    const [first] = opened;
    if (first === undefined || opened.length > 1 || (only ?? first.policy) !== first.policy) return undefined;
    if (subtractPorts(ports, first.ports).line.length > 0) return undefined;
    only = first.policy;
  }
  return only;
}

/** What the same policy opens to every identity. */
function openedToAll({ toAll, open, openedBy }: PolicySet): Map<string, OpenPorts> {
  const common = new Map<string, OpenPorts>();
  if (toAll.line.length === 0) return common;
  let first = true;
  for (const id of open.keys()) {
    const opened = new Map((openedBy.get(id) ?? []).map(({ policy, ports }) => [policy, ports]));
    if (first) for (const [policy, ports] of opened) common.set(policy, intersectPorts(ports, toAll));
    else {
      for (const [policy, ports] of common) common.set(policy, intersectPorts(ports, opened.get(policy) ?? NO_PORTS));
    }
    first = false;
  }
  for (const [policy, ports] of common) if (ports.line.length === 0) common.delete(policy);
  return common;
}

interface Share {
  /** `undefined`: open without any policy. */
  readonly policy: string | undefined;
  readonly ports: OpenPorts;
}

/** First the share that takes all that is left over: one that is more than single ports, if there is any. */
function inOrder(opened: readonly OpenedBy[], open: OpenPorts): Share[] {
  const nobodys = opened.map(({ ports }) => ports).reduce(subtractPorts, open);
  const shares: Share[] = nobodys.line.length > 0 ? [{ policy: undefined, ports: nobodys }, ...opened] : [...opened];
  const wide = shares.findIndex(({ ports }) => !isSingle(ports));
  if (wide <= 0) return shares;
  const [first] = shares.splice(wide, 1);
  return first === undefined ? shares : [first, ...shares];
}

function isSingle(ports: OpenPorts): boolean {
  return !opensOtherProtocols(ports) && portCount(ports) <= MAX_SINGLE_PORTS;
}

function* pointsOf(ports: OpenPorts): Generator<string> {
  for (const { protocol, first, last } of portRangesOf(ports)) {
    for (let port = first; port <= last; port++) yield `${protocol} . ${port}`;
  }
}
