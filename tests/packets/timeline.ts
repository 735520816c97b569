/** Which states of a cluster may be in force at a moment, and what they all say about a connection. */
import { parseAddress } from '../oracle/addresses.ts';
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import { Oracle, type End } from '../oracle/oracle.ts';
import { isHostAddress, isLocalAddress } from './churn-cluster.ts';

export interface AskedFlow {
  readonly id: number;
  readonly from: string;
  readonly to: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

interface State {
  readonly issuedMs: number;
  /** From then on it, or a later one, is in force. */
  surelyMs: number;
  readonly view: StateView;
}

/** What one state says. */
class StateView {
  private readonly oracle: Oracle;
  private readonly owners = new Map<string, End>();
  private readonly verdicts = new Map<number, boolean>();

  constructor(objects: readonly Manifest[]) {
    this.oracle = new Oracle(objects);
    for (const { kind, metadata, spec, status } of objects) {
      if (kind === 'Node')
        for (const { address } of status?.addresses ?? []) this.owners.set(address, { node: metadata.name });
      else if (kind === 'Pod' && (spec as RawPodSpec).hostNetwork !== true)
        for (const { ip } of status?.podIPs ?? [])
          this.owners.set(ip, { pod: `${metadata.namespace}/${metadata.name}` });
    }
  }

  allows({ id, from, to, protocol, port }: AskedFlow): boolean {
    let verdict = this.verdicts.get(id);
    if (verdict === undefined) {
      verdict = this.judge(from, to, protocol, port);
      this.verdicts.set(id, verdict);
    }
    return verdict;
  }

  private judge(from: string, to: string, protocol: 'TCP' | 'UDP', port: number): boolean {
    // What the own node has to do with a pod that nobody told us about is not forwarded, so it is not closed.
    const unknown = [from, to].some((ip) => isLocalAddress(ip) && !this.owners.has(ip));
    if (unknown) return [from, to].some(isHostAddress);
    const family = parseAddress(from)?.family ?? 4;
    const ends = { from: this.owners.get(from) ?? { ip: from }, to: this.owners.get(to) ?? { ip: to } };
    const { egress, ingress } = this.oracle.evaluate({ ...ends, protocol, port, family });
    // Pods elsewhere are judged by other nodes.
    return (!isLocalAddress(from) || egress.allowed) && (!isLocalAddress(to) || ingress.allowed);
  }
}

export class Timeline {
  private readonly states: State[] = [];
  /** While nobody was there: from the end of the agent to when its successor enforced. */
  private readonly gaps: { readonly fromMs: number; readonly toMs: number }[] = [];

  issue(atMs: number, objects: readonly Manifest[]): void {
    this.states.push({ issuedMs: atMs, surelyMs: Number.POSITIVE_INFINITY, view: new StateView(objects) });
  }

  gap(fromMs: number, toMs: number): void {
    this.gaps.push({ fromMs, toMs });
  }

  /** When everything has been told: a living agent brought every change into the kernel within `withinMs`. */
  settle(withinMs: number): void {
    for (const state of this.states) {
      state.surelyMs = state.issuedMs + withinMs;
      for (const { fromMs, toMs } of this.gaps) {
        if (state.surelyMs > fromMs && state.issuedMs < toMs) state.surelyMs = toMs + withinMs;
      }
    }
  }

  /**
   * What policy says about the flow at all times from `fromMs` to `toMs`, whichever of the states that were issued was in
   * force; `undefined` when that makes a difference.
   */
  verdict(flow: AskedFlow, fromMs: number, toMs: number): boolean | undefined {
    let verdict: boolean | undefined;
    for (let at = this.states.length - 1; at >= 0; at--) {
      const state = this.states[at];
      if (state === undefined || state.issuedMs > toMs) continue;
      const allows = state.view.allows(flow);
      if (verdict !== undefined && allows !== verdict) return undefined;
      verdict = allows;
      if (state.surelyMs <= fromMs) break;
    }
    return verdict;
  }
}
