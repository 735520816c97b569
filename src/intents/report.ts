/** What verifying intents answers, as plain data: a stable JSON contract. */
import type { GateResult, PortsValue, resultApiVersion } from '../engine/results.ts';
import type { Assertion, Direction } from './intent.ts';

/** `unknown`: it hangs on facts that the input lacks. */
export type Outcome = 'holds' | 'fails' | 'unknown';

/** A concrete pair for which an intent does not hold. */
export interface ConnectionExample {
  readonly type: 'connection';
  /** `namespace/Pod/name`, the id of a workload, a node or networks. */
  readonly from: string;
  readonly to: string;
  /** The Service that the connection goes through. */
  readonly via?: string;
  /** What the intent wants; `verdict` is what is. */
  readonly expected: 'allowed' | 'denied';
  readonly verdict: 'allowed' | 'denied' | 'unknown';
  /** The ports of which that is true. With `anyPort` it would be enough if one of them were open. */
  readonly ports: PortsValue;
  readonly anyPort?: true;
  /** The port that the gates are those of; `null` for protocols without ports. */
  readonly protocol: string;
  readonly port: number | null;
  readonly egress: GateResult;
  readonly ingress: GateResult;
  readonly why?: readonly string[];
  /** Pairs of pods that behave like this one, itself included. */
  readonly pairs: number;
}

/** Pods that no NetworkPolicy selects. */
export interface IsolationExample {
  readonly type: 'isolation';
  readonly pod: string;
  readonly direction: Direction;
  readonly isolated: 'no' | 'unknown';
  readonly why?: readonly string[];
  /** Pods that behave like this one, itself included. */
  readonly pods: number;
}

export type Example = ConnectionExample | IsolationExample;

export interface IntentResult {
  readonly name: string;
  readonly reason?: string;
  readonly assertion: Assertion['type'];
  readonly file: string;
  readonly line: number;
  readonly outcome: Outcome;
  /** The intent accepts that it is not known (`unknown: accept`). */
  readonly accepted?: true;
  /** Why there was nothing to judge. */
  readonly message?: string;
  readonly help?: string;
  /** Pairs of pods (for `isolated`: pods and directions) that were judged. */
  readonly judged: number;
  readonly examples: readonly Example[];
  /** Pairs (for `isolated`: pods and directions) beyond those that the examples stand for. */
  readonly more: number;
}

export interface VerifyReport {
  readonly apiVersion: typeof resultApiVersion;
  readonly kind: 'VerifyReport';
  readonly summary: {
    readonly intents: number;
    readonly hold: number;
    readonly fail: number;
    /** Of these `accepted` are no reason to complain. */
    readonly unknown: number;
    readonly accepted: number;
  };
  /** In the order of the files. */
  readonly results: readonly IntentResult[];
}

/** Whether everything holds, or what is unknown is accepted. */
export function passes({ outcome, accepted }: Pick<IntentResult, 'outcome' | 'accepted'>): boolean {
  return outcome === 'holds' || (outcome === 'unknown' && accepted === true);
}
