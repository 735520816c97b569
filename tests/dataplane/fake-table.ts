/**
 * A table that takes transactions as strictly as the kernel does and judges packets by walking its rules. It knows the
 * words that the data plane uses and no others: any other rule is an error.
 */
import { DEFAULT_FIELD } from '../../src/dataplane/generation.ts';
import type { Operation, Transaction } from '../../src/dataplane/transaction.ts';
import { inCidr, parseAddress } from '../oracle/addresses.ts';

export interface Packet {
  readonly hook: 'forward' | 'input' | 'output';
  readonly family: 4 | 6;
  readonly saddr: string;
  readonly daddr: string;
  /** IP protocol number. */
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  readonly state: 'new' | 'established' | 'related';
  readonly direction: 'original' | 'reply';
  readonly mark: number;
  /** Of a TCP packet. */
  readonly syn: boolean;
}

export interface Judgement {
  readonly verdict: 'accept' | 'drop' | 'reset';
  /** Of the connection, afterwards. */
  readonly mark: number;
}

interface State extends Packet {
  priority: string;
  markNow: number;
}

interface Stored {
  readonly type: string;
  readonly interval: boolean;
  readonly elements: Map<string, string>;
}

type Outcome =
  | { readonly end: Judgement['verdict'] }
  | { readonly return: true }
  | { readonly jump: string }
  | { readonly goto: string }
  | 'next'
  | 'no';

export class FakeTable {
  readonly sets = new Map<string, Stored>();
  readonly chains = new Map<string, { readonly hook: string | undefined; rules: string[] }>();
  /** Packets, by counter. */
  readonly counters = new Map<string, number>();
  /** Prefixes of logged packets; limits are never reached, and every random number is 0. */
  readonly logged: string[] = [];

  apply({ operations }: Transaction): void {
    for (const operation of operations) this.operate(operation);
  }

  private operate(operation: Operation): void {
    switch (operation.type) {
      case 'replace-table':
      case 'delete-table':
        this.sets.clear();
        this.chains.clear();
        this.counters.clear();
        return;
      case 'add-counter':
        if (this.counters.has(operation.counter.name)) throw new Error(`counter ${operation.counter.name} is there`);
        this.counters.set(operation.counter.name, 0);
        return;
      case 'delete-counter':
        this.checkUnused(operation.counter);
        if (!this.counters.delete(operation.counter)) throw new Error(`no counter ${operation.counter}`);
        return;
      case 'add-set': {
        const { name, type, interval } = operation.set;
        if (this.sets.has(name)) throw new Error(`set ${name} is there`);
        this.sets.set(name, { type, interval, elements: new Map() });
        return;
      }
      case 'delete-set':
        this.checkUnused(`@${operation.set.name}`);
        if (!this.sets.delete(operation.set.name)) throw new Error(`no set ${operation.set.name}`);
        return;
      case 'add-chain':
        if (this.chains.has(operation.chain.name)) throw new Error(`chain ${operation.chain.name} is there`);
        this.chains.set(operation.chain.name, { hook: operation.chain.hook, rules: [] });
        return;
      case 'delete-chain':
        if (this.chain(operation.chain).rules.length > 0) throw new Error(`${operation.chain} has rules`);
        this.checkUnused(`goto ${operation.chain}`);
        this.checkUnused(`jump ${operation.chain}`);
        this.chains.delete(operation.chain);
        return;
      case 'set-rules':
        if (operation.fresh && this.chain(operation.chain).rules.length > 0)
          throw new Error(`${operation.chain} has rules`);
        for (const rule of operation.rules) this.checkReferences(rule);
        this.chain(operation.chain).rules = [...operation.rules];
        return;
      case 'add-elements': {
        const set = this.set(operation.set);
        if (set.interval && set.elements.size > 0) throw new Error(`interval set ${operation.set} is changed`);
        for (const [key, value] of operation.elements) {
          if (set.elements.has(key)) throw new Error(`${key} is in ${operation.set}`);
          this.checkReferences(value);
          if (set.type.endsWith(' : counter')) this.count(value, 0);
          set.elements.set(key, value);
        }
        return;
      }
      case 'delete-elements':
        for (const key of operation.keys) {
          if (!this.set(operation.set).elements.delete(key)) throw new Error(`${key} is not in ${operation.set}`);
        }
    }
  }

  private set(name: string): Stored {
    const set = this.sets.get(name);
    if (set === undefined) throw new Error(`no set ${name}`);
    return set;
  }

  private chain(name: string) {
    const chain = this.chains.get(name);
    if (chain === undefined) throw new Error(`no chain ${name}`);
    return chain;
  }

  private checkReferences(text: string): void {
    for (const [, set = ''] of text.matchAll(/@(\w+)/g)) this.set(set);
    for (const [, chain = ''] of text.matchAll(/(?:goto|jump) (\w+)/g)) this.chain(chain);
    for (const [, counter = ''] of text.matchAll(/counter name (\w+) (?!.*map)/g)) this.count(counter, 0);
  }

  private checkUnused(reference: string): void {
    const uses = (text: string): boolean => `${text} `.includes(`${reference} `);
    for (const [name, { rules }] of this.chains) {
      if (rules.some(uses)) throw new Error(`${reference} is used in chain ${name}`);
    }
    for (const [name, { elements }] of this.sets) {
      if ([...elements.values()].some(uses)) throw new Error(`${reference} is used in map ${name}`);
    }
  }

  // ---- packets ------------------------------------------------------------------------------------------------

  judge(packet: Packet): Judgement {
    const state: State = { ...packet, priority: 'unset', markNow: packet.mark };
    const verdict = this.chains.has(packet.hook) ? (this.walk(packet.hook, state) ?? 'accept') : 'accept';
    if (verdict === 'accept' && !['none', 'unset'].includes(state.priority)) throw new Error('an identity gets out');
    return { verdict, mark: state.markNow };
  }

  /** `return` of a chain that was jumped to. */
  private walk(name: string, state: State): Judgement['verdict'] | undefined {
    for (const rule of this.chain(name).rules) {
      const outcome = this.evaluate(rule, state);
      if (outcome === 'next' || outcome === 'no') continue;
      if ('end' in outcome) return outcome.end;
      if ('return' in outcome) return undefined;
      if ('goto' in outcome) return this.walk(outcome.goto, state);
      const verdict = this.walk(outcome.jump, state);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  /** Statement by statement, as long as they match. */
  private evaluate(rule: string, state: State): Outcome {
    let rest = rule;
    while (rest !== '') {
      const statement = statements.find(([pattern]) => pattern.test(rest));
      const parts = statement?.[0].exec(rest);
      if (statement === undefined || parts === null || parts === undefined) throw new Error(`unknown rule: ${rest}`);
      rest = rest.slice(parts[0].length).trimStart();
      const outcome = statement[1].call(this, state, parts.slice(1));
      if (outcome !== 'next') return outcome;
    }
    return 'next';
  }

  count(name: string, packets = 1): void {
    const before = this.counters.get(name);
    if (before === undefined) throw new Error(`no counter ${name}`);
    this.counters.set(name, before + packets);
  }

  lookup(name: string, key: string): string | undefined {
    const { type, interval, elements } = this.set(name);
    if (!interval) return elements.get(key);
    for (const [element, value] of elements) {
      if (type.startsWith('ip') ? between(key, element) : insideRange(key, element)) return value;
    }
    return undefined;
  }
}

const full = (element: string): string =>
  element.includes('/') ? element : `${element}/${element.includes(':') ? 128 : 32}`;

/** An address in a network or in `first-last`. */
function between(key: string, element: string): boolean {
  const [first = '', last] = element.split('-');
  const address = parseAddress(key);
  if (last === undefined) return inCidr(address, full(first));
  const [low, high] = [parseAddress(first), parseAddress(last)];
  if (address === undefined || low?.family !== address.family || high === undefined) return false;
  return low.value <= address.value && address.value <= high.value;
}

/** `6 . 80` in `6 . 1-100`. */
function insideRange(key: string, element: string): boolean {
  const [keys, fields] = [key.split(' . '), element.split(' . ')];
  return fields.every((field, index) => {
    const [first = '', last = first] = field.split('-');
    const value = Number(keys[index]);
    return Number(first) <= value && value <= Number(last);
  });
}

const when = (matches: boolean): Outcome => (matches ? 'next' : 'no');
const hasPorts = ({ protocol }: State): boolean => [6, 17, 132].includes(protocol);
const port = (state: State, which: string | undefined): number => (which === 'sport' ? state.sport : state.dport);

function address(state: State, ip: string | undefined, end: string | undefined): string | undefined {
  if ((ip === 'ip') !== (state.family === 4)) return undefined;
  return end === 'saddr' ? state.saddr : state.daddr;
}

function vmap(verdict: string | undefined): Outcome {
  const [, kind, chain = ''] = /^(goto|jump) (\w+)$/.exec(verdict ?? '') ?? [];
  if (verdict === undefined) return 'next';
  return kind === 'goto' ? { goto: chain } : { jump: chain };
}

function counted(table: FakeTable, name: string | undefined): Outcome {
  if (name === undefined) return 'no';
  table.count(name);
  return 'next';
}

const mask = (2 ** DEFAULT_FIELD.bits - 1) * 2 ** DEFAULT_FIELD.shift;

type Statement = readonly [RegExp, (this: FakeTable, state: State, parts: (string | undefined)[]) => Outcome];

const statements: readonly Statement[] = [
  [/^meta priority set none(?= |$)/, (state) => ((state.priority = 'none'), 'next')],
  [
    /^meta priority set (ip6?) ([sd]addr) map @(\w+)(?= |$)/,
    function (state, [ip, end, map = '']) {
      const key = address(state, ip, end);
      const value = key === undefined ? undefined : this.lookup(map, key);
      if (value !== undefined) state.priority = value;
      return when(value !== undefined);
    },
  ],
  [
    /^(ip6?) ([sd]addr) vmap @(\w+)(?= |$)/,
    function (state, [ip, end, map = '']) {
      const key = address(state, ip, end);
      return vmap(key === undefined ? undefined : this.lookup(map, key));
    },
  ],
  [
    /^(ip6?) ([sd]addr) (!= )?@(\w+)(?= |$)/,
    function (state, [ip, end, not, set = '']) {
      const key = address(state, ip, end);
      return when(key !== undefined && (this.lookup(set, key) !== undefined) === (not === undefined));
    },
  ],
  [
    /^meta priority \. meta l4proto \. th ([sd]port) @(\w+)(?= |$)/,
    function (state, [which, set = '']) {
      const key = `${state.priority} . ${state.protocol} . ${port(state, which)}`;
      return when(hasPorts(state) && this.lookup(set, key) !== undefined);
    },
  ],
  [
    /^meta l4proto \. th ([sd]port) @(\w+)(?= |$)/,
    function (state, [which, set = '']) {
      return when(hasPorts(state) && this.lookup(set, `${state.protocol} . ${port(state, which)}`) !== undefined);
    },
  ],
  [
    /^meta priority @(\w+)(?= |$)/,
    function (state, [set = '']) {
      return when(this.lookup(set, state.priority) !== undefined);
    },
  ],
  [/^meta priority (none|[0-9a-f]+:[0-9a-f]+)(?= |$)/, (state, [id]) => when(state.priority === id)],
  [
    /^meta l4proto != @(\w+)(?= |$)/,
    function (state, [set = '']) {
      return when(this.lookup(set, String(state.protocol)) === undefined);
    },
  ],
  [
    /^meta l4proto (tcp|\d+)(?= |$)/,
    (state, [protocol]) => when(state.protocol === (protocol === 'tcp' ? 6 : Number(protocol))),
  ],
  [
    /^th ([sd]port) (\d+)(?:-(\d+))?(?= |$)/,
    (state, [which, first, last = first]) => {
      const value = port(state, which);
      return when(hasPorts(state) && Number(first) <= value && value <= Number(last));
    },
  ],
  [/^ct state ([a-z,]+)(?= |$)/, (state, [states = '']) => when(states.split(',').includes(state.state))],
  [/^ct direction reply(?= |$)/, (state) => when(state.direction === 'reply')],
  [
    /^ct mark & (0x\w+) == (0x\w+)(?= |$)/,
    (state, [m, value]) => when(and(state.markNow, Number(m)) === Number(value)),
  ],
  [
    /^ct mark set ct mark & (0x\w+) \| (0x\w+)(?= |$)/,
    (state, [keep, value]) => {
      if (Number(keep) !== 0xffffffff - mask) throw new Error('the mark of somebody else');
      state.markNow = and(state.markNow, Number(keep)) + Number(value);
      return 'next';
    },
  ],
  [/^tcp flags & \(fin \| syn \| rst \| ack\) != syn(?= |$)/, (state) => when(state.protocol === 6 && !state.syn)],
  [/^icmpv6 type 133-137(?= |$)/, () => 'no'],
  [/^iifname "lo"(?= |$)/, () => 'no'],
  [
    /^ct mark set ct mark & (0x\w+)(?= [a-z])/,
    (state, [keep]) => {
      if (Number(keep) !== 0xffffffff - mask) throw new Error('the mark of somebody else');
      state.markNow = and(state.markNow, Number(keep));
      return 'next';
    },
  ],
  [
    /^counter name meta priority \. meta l4proto \. th dport map @(\w+)(?= |$)/,
    function (state, [map = '']) {
      const key = `${state.priority} . ${state.protocol} . ${state.dport}`;
      return counted(this, hasPorts(state) ? this.lookup(map, key) : undefined);
    },
  ],
  [
    /^counter name meta priority map @(\w+)(?= |$)/,
    function (state, [map = '']) {
      return counted(this, this.lookup(map, state.priority));
    },
  ],
  [
    /^counter name (\w+)(?= |$)/,
    function (_, [name]) {
      return counted(this, name);
    },
  ],
  [
    /^log prefix "([^"]*)" group \d+ snaplen 128 queue-threshold 1(?= |$)/,
    function (_, [prefix = '']) {
      this.logged.push(prefix);
      return 'next';
    },
  ],
  [/^limit rate \d+\/second burst \d+ packets(?= |$)/, () => 'next'],
  [/^numgen random mod \d+ 0(?= |$)/, () => 'next'],
  [/^counter(?= (?!name))/, () => 'next'],
  [/^return$/, () => ({ return: true })],
  [/^jump (\w+)$/, (_, [chain = '']) => ({ jump: chain })],
  [/^goto (\w+)$/, (_, [chain = '']) => ({ goto: chain })],
  [/^accept$/, () => ({ end: 'accept' })],
  [/^drop$/, () => ({ end: 'drop' })],
  [/^reject with tcp reset$/, () => ({ end: 'reset' })],
];

const and = (a: number, b: number): number => (a & b) >>> 0;
