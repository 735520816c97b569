/**
 * The nftables table of a plan.
 *
 * One pass judges both gates: a packet from an isolated local pod goes through its egress policy set, which ends in
 * `goto ingress`, never in `accept`. Who the other end is stands in the packet's priority field (a class id), set by
 * the first rule of each policy set and cleared before the packet leaves the table. Every policy set has a mirrored
 * chain for the reply direction of connections that an older generation accepted.
 */
import type { IpAddress, IpFamily } from '../base/inet.ts';
import { formatCidr, formatIp } from '../base/inet-format.ts';
import { rangesToCidrs, type IpRange } from '../base/inet-ranges.ts';
import type { Direction } from '../engine/policy-rules.ts';
import { contentTag } from './content-name.ts';
import { GENERATION_CHECK, GENERATION_REVOKE, GENERATION_STAMP } from './generation.ts';
import { ObservingRules } from './observing-rules.ts';
import { PROTOCOLS_WITH_PORTS } from './open-ports.ts';
import { PeerElements, PeerTable } from './peer-table.ts';
import type { Plan } from './plan.ts';
import { policySetPart, shadowSetRules } from './policy-set-rules.ts';
import { classId } from './port-matches.ts';
import { RulesetBuilder, type Ruleset } from './ruleset.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
/** The words of nft for the two families. */
const IP = { 4: 'ip', 6: 'ip6' } as const;
const TYPE = { 4: 'ipv4_addr', 6: 'ipv6_addr' } as const;

/**
 * After destination NAT, which is in prerouting, and before source NAT (S92, S93); just behind priority `filter`, so
 * that no order among several tables is left open.
 */
const PRIORITY = 'priority filter + 10; policy accept;';

/** Neighbour and router discovery (S120, D6): without them an IPv6 pod has no network. */
const NEIGHBOUR_DISCOVERY = 'icmpv6 type 133-137 accept';

/** The chain that logs some of what is let through. */
const SAMPLE = 'sample';
const SHADOW = 'shadow';

/** A plan is asked twice: when it comes into force, and when the next one does. */
const rulesets = new WeakMap<Plan, Ruleset>();

export function rulesetOf(plan: Plan): Ruleset {
  let ruleset = rulesets.get(plan);
  if (ruleset === undefined) {
    ruleset = makeRuleset(plan);
    rulesets.set(plan, ruleset);
  }
  return ruleset;
}

function makeRuleset(plan: Plan): Ruleset {
  const rest = remembered(restOf, plan.policySets, plan, REST_OF_PLAN, makeRest);
  const sets = new Map(rest.sets);
  for (const family of FAMILIES) {
    sets.set(peersName(family), {
      name: peersName(family),
      kind: 'map',
      type: `${TYPE[family]} : classid`,
      interval: false,
      elements: peerElements(plan, family),
    });
  }
  return { ...rest, sets };
}

const NO_ELEMENTS: ReadonlyMap<string, string> = new Map();

function peersName(family: IpFamily): string {
  return `peer${family}`;
}

function peerElements({ peers }: Plan, family: IpFamily): ReadonlyMap<string, string> {
  if (peers instanceof PeerTable) return new PeerElements(peers, family);
  const elements = new Map<string, string>();
  for (const [text, { address, identity }] of peers) {
    if (address.family === family) elements.set(text, classId(identity));
  }
  return elements;
}

/**
 * Plans that follow each other share what has not changed, and so do their rulesets: a part is remembered with the
 * object that it mostly depends on, and made again when another field that it depends on is not the same object.
 */
interface Part {
  readonly of: Plan;
  readonly ruleset: Ruleset;
}

const restOf = new WeakMap<object, Part>();
const identitiesOf = new WeakMap<object, Part>();
const dispatchOf = new WeakMap<object, Part>();
const REST_OF_PLAN = ['shadowSets', 'localPods', 'ranges', 'closedRanges', 'observation'] as const;

function remembered(
  parts: WeakMap<object, Part>,
  key: object,
  plan: Plan,
  dependsOn: readonly (keyof Plan)[],
  make: (plan: Plan, into: RulesetBuilder) => void,
): Ruleset {
  const known = parts.get(key);
  if (known !== undefined && dependsOn.every((field) => known.of[field] === plan[field])) return known.ruleset;
  const ruleset = new RulesetBuilder();
  make(plan, ruleset);
  parts.set(key, { of: plan, ruleset });
  return ruleset;
}

/** All but the elements of the peers. */
function makeRest(plan: Plan, into: RulesetBuilder): void {
  into.set({
    name: 'ported',
    kind: 'set',
    type: 'inet_proto',
    interval: false,
    elements: PORTED,
  });
  into.include(remembered(identitiesOf, plan.ranges, plan, [], addIdentities));
  into.include(remembered(dispatchOf, plan.localPods, plan, [], addDispatch));
  const observing = new ObservingRules(plan, into);
  const accepted = observing.oneOfAllowed === undefined ? GENERATION_STAMP : SAMPLE;
  for (const set of plan.policySets) into.include(policySetPart(set, accepted, observing));
  for (const set of plan.shadowSets) shadowSetRules(set, observing, into);
  addFrame(plan, accepted, observing, into);
}

const PORTED: ReadonlyMap<string, string> = new Map(PROTOCOLS_WITH_PORTS.map((protocol) => [String(protocol), '']));

/** From address to identity, and the chains that put the identity of one end into the packet's priority. */
function addIdentities(plan: Plan, into: RulesetBuilder): void {
  const source = ['meta priority set none'];
  const destination = ['meta priority set none'];
  for (const family of FAMILIES) {
    const type = `${TYPE[family]} : classid`;
    const add = (map: string): void => {
      source.push(`meta priority set ${IP[family]} saddr map ${map}`);
      destination.push(`meta priority set ${IP[family]} daddr map ${map}`);
    };
    const ranges = new Map<string, string>();
    for (const { range, identity } of plan.ranges) {
      if (range.family !== family) continue;
      ranges.set(formatRange(range), classId(identity));
    }
    // Wider first, narrower second: a known address beats the range around it.
    if (ranges.size > 0) {
      const name = `cidr${family}_${contentTag([...ranges].flat().join(' '))}`;
      add(into.set({ name, kind: 'map', type, interval: true, elements: ranges }));
    }
    add(into.set({ name: peersName(family), kind: 'map', type, interval: false, elements: NO_ELEMENTS }));
  }
  into.chain('source', source);
  into.chain('destination', destination);
}

/** A network when it is one, else `first-last`. */
function formatRange(range: IpRange): string {
  const [only, ...more] = rangesToCidrs([range]);
  if (only !== undefined && more.length === 0) return formatCidr(only);
  return range.family === 4
    ? `${formatIp({ family: 4, value: range.first })}-${formatIp({ family: 4, value: range.last })}`
    : `${formatIp({ family: 6, value: range.first })}-${formatIp({ family: 6, value: range.last })}`;
}

/** From the address of a local pod to its policy set; the mirrored maps serve the reply direction. */
function addDispatch(plan: Plan, into: RulesetBuilder): void {
  for (const family of FAMILIES) {
    const pods = plan.localPods.filter(({ address }) => address.family === family);
    const map = (name: string, direction: Direction, suffix: string): void => {
      const elements = new Map<string, string>();
      for (const pod of pods) {
        const set = pod[direction];
        if (set !== undefined) elements.set(formatIp(pod.address), `goto ${set}${suffix}`);
      }
      into.set({ name, kind: 'map', type: `${TYPE[family]} : verdict`, interval: false, elements });
    };
    map(`in${family}`, 'ingress', '');
    map(`in${family}_r`, 'ingress', '_r');
    map(`out${family}`, 'egress', '');
    map(`out${family}_r`, 'egress', '_r');
    const judged = pods.filter(({ ingress, egress }) => ingress !== undefined || egress !== undefined);
    into.set(
      addressSet(
        `judged${family}`,
        family,
        judged.map(({ address }) => address),
      ),
    );
    into.set(
      addressSet(
        `pods${family}`,
        family,
        pods.map(({ address }) => address),
      ),
    );
  }
}

function addressSet(name: string, family: IpFamily, addresses: readonly IpAddress[]) {
  const elements = new Map(addresses.map((address) => [formatIp(address), '']));
  return { name, kind: 'set', type: TYPE[family], interval: false, elements } as const;
}

/** What is the same for every plan. */
function addFrame(plan: Plan, accepted: string, observing: ObservingRules, into: RulesetBuilder): void {
  const both = (rule: (ip: 'ip' | 'ip6', family: IpFamily) => string): string[] =>
    FAMILIES.map((family) => rule(IP[family], family));
  // The rules of these say which generation is in force.
  into.chain(GENERATION_CHECK, []);
  into.chain(GENERATION_STAMP, []);
  into.chain(GENERATION_REVOKE, []);
  if (accepted === SAMPLE) into.chain(SAMPLE, [...observing.allowed(), `goto ${GENERATION_STAMP}`]);
  // Without a reject: a client must see a timeout (S79, S166, D12).
  into.chain('deny', ['meta priority set none', `counter goto ${GENERATION_REVOKE}`]);
  // Only flows of local pods are marked; what merely passes through the node is left alone.
  into.chain('settle', [
    ...both((ip, family) => `${ip} daddr @pods${family} goto ${accepted}`),
    ...both((ip, family) => `${ip} saddr @pods${family} goto ${accepted}`),
    'accept',
  ]);
  into.chain('egress', [...both((ip, family) => `${ip} saddr vmap @out${family}`), 'goto ingress']);
  into.chain('ingress', [...both((ip, family) => `${ip} daddr vmap @in${family}`), 'goto settle']);
  into.chain('egress_r', [...both((ip, family) => `${ip} daddr vmap @out${family}_r`), 'goto ingress_r']);
  into.chain('ingress_r', [...both((ip, family) => `${ip} saddr vmap @in${family}_r`), 'goto settle']);
  // A TCP connection that conntrack forgot comes back as new, perhaps the wrong way round: nobody can say who began.
  into.chain(
    'midstream',
    (['saddr', 'daddr'] as const).flatMap((end) =>
      both((ip, family) => `${ip} ${end} @judged${family} meta l4proto tcp reject with tcp reset`),
    ),
  );
  const closed = addClosedRanges(plan, observing, into);
  const shadow = addShadow(plan, into);
  const harmless = ['ct state related accept', NEIGHBOUR_DISCOVERY];
  const begin = [`ct state established,related jump ${GENERATION_CHECK}`, ...harmless];
  const midstream = 'ct state new tcp flags & (fin | syn | rst | ack) != syn jump midstream';
  into.chain(
    'forward',
    [...begin, ...closed, 'ct direction reply goto egress_r', midstream, ...shadow, 'goto egress'],
    {
      hook: `type filter hook forward ${PRIORITY}`,
    },
  );
  // Egress to the own node (D1). What the node began itself is answered here: replies are never judged (S77, S100).
  const input = ['iifname "lo" accept', 'ct direction reply accept', ...begin, midstream, ...shadow, 'goto egress'];
  into.chain('input', input, { hook: `type filter hook input ${PRIORITY}` });
  addOutput(plan, harmless, into);
}

/**
 * First packets pass by the shadow sets of both ends before they are judged. Those give no verdict; the identity that
 * they leave in the priority field is cleared like any other.
 */
function addShadow(plan: Plan, into: RulesetBuilder): string[] {
  if (plan.shadowSets.length === 0) return [];
  const rules: string[] = [];
  for (const [direction, end] of [
    ['egress', 'saddr'],
    ['ingress', 'daddr'],
  ] as const) {
    for (const family of FAMILIES) {
      const elements = new Map<string, string>();
      for (const { address, shadow } of plan.localPods) {
        if (address.family === family && shadow[direction] !== undefined) {
          elements.set(formatIp(address), `jump ${shadow[direction]}`);
        }
      }
      if (elements.size === 0) continue;
      const name = `${direction === 'ingress' ? 'win' : 'wout'}${family}`;
      const map = into.set({ name, kind: 'map', type: `${TYPE[family]} : verdict`, interval: false, elements });
      rules.push(`${IP[family]} ${end} vmap ${map}`);
    }
  }
  into.chain(SHADOW, rules);
  return [`ct state new jump ${SHADOW}`];
}

/** Nothing that the node itself sends to these pods, except answers. */
function addOutput(plan: Plan, begin: readonly string[], into: RulesetBuilder): void {
  const closed = new Set(plan.policySets.filter(({ closedToNode }) => closedToNode).map(({ name }) => name));
  if (closed.size === 0) return;
  const rules = FAMILIES.map((family) => {
    const pods = plan.localPods.filter(
      ({ address, ingress }) => address.family === family && closed.has(ingress ?? ''),
    );
    const set = addressSet(
      `sealed${family}`,
      family,
      pods.map(({ address }) => address),
    );
    return `${IP[family]} daddr ${into.set(set)} goto deny`;
  });
  into.chain('output', ['ct direction reply accept', ...begin, ...rules], {
    hook: `type filter hook output ${PRIORITY}`,
  });
}

/** An address of ours that no known pod has is a pod that nobody told us about yet: it waits (S97, D13). */
function addClosedRanges(plan: Plan, observing: ObservingRules, into: RulesetBuilder): string[] {
  const rules: string[] = [];
  for (const family of FAMILIES) {
    const cidrs = rangesToCidrs(plan.closedRanges.filter((cidr) => cidr.family === family)).map(formatCidr);
    if (cidrs.length === 0) continue;
    const name = `closed${family}_${contentTag(cidrs.join(' '))}`;
    const elements = new Map(cidrs.map((cidr) => [cidr, '']));
    const set = into.set({ name, kind: 'set', type: TYPE[family], interval: true, elements });
    for (const end of ['saddr', 'daddr'] as const) {
      rules.push(`${IP[family]} ${end} != @pods${family} ${IP[family]} ${end} ${set} goto unknown_pod`);
    }
  }
  if (rules.length > 0) into.chain('unknown_pod', observing.unknownPod());
  return rules;
}
