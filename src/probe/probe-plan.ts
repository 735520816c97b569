/** Which connections are tried to hold the answers of the engine against real packets. */
import type { IpAddress, IpFamily } from '../base/inet.ts';
import type { Endpoint, Verdict } from '../engine/query.ts';
import type { Protocol } from '../kube/objects.ts';

export interface ProbePort {
  readonly protocol: Protocol;
  readonly port: number;
}

export interface ProbeTarget {
  /** `shop/web-0`, `198.51.100.7`. */
  readonly label: string;
  /** How it is shown together with its like: its workload, or itself. */
  readonly group: string;
  readonly endpoint: Endpoint;
  readonly addresses: readonly IpAddress[];
}

export interface ProbeSource {
  readonly label: string;
  readonly group: string;
  readonly endpoint: Endpoint;
  readonly namespace: string;
  readonly pod: string;
  readonly families: readonly IpFamily[];
}

/** One connection. */
export interface Attempt {
  readonly source: number;
  readonly target: number;
  readonly address: IpAddress;
  readonly protocol: Protocol;
  readonly port: number;
  readonly predicted: Verdict;
  /** What an intent promises, when it is for one. */
  readonly expected?: { readonly intent: number; readonly verdict: 'allowed' | 'denied' };
}

export interface ProbePlan {
  readonly sources: readonly ProbeSource[];
  readonly targets: readonly ProbeTarget[];
  readonly attempts: readonly Attempt[];
  /** What is not tried, and why: for people. */
  readonly notes: readonly string[];
}

/** As `expandIntents` gives them. */
export interface PromisedConnection {
  readonly intent: number;
  readonly from: { readonly endpoint: Endpoint; readonly label: string };
  readonly to: { readonly endpoint: Endpoint; readonly label: string };
  readonly protocol: Protocol | 'other';
  readonly port: number | null;
  readonly expected: 'allowed' | 'denied';
}
