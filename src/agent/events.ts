/** What happens in the agent, for logs and metrics. The core knows neither. */
import type { ChangeScope } from '../dataplane/node-planner.ts';
import type { Direction } from '../engine/policy-rules.ts';
import type { TableCounts } from './status.ts';

export type AgentEvent =
  /** The kernel has committed a transaction. */
  | {
      readonly type: 'applied';
      /** The whole table was replaced. */
      readonly full: boolean;
      readonly operations: number;
      /** In nft and the kernel. */
      readonly durationMs: number;
      /** From objects to transaction. */
      readonly compileMs: number;
      /** From the first event of each scope in it until now. Empty when no event caused it. */
      readonly latencies: readonly { readonly scope: ChangeScope; readonly ms: number }[];
      readonly generation: number;
      /** Live connections are judged again. */
      readonly generationMoved: boolean;
      readonly counts: TableCounts;
    }
  /** A transaction failed as a whole: the kernel has what it had. `reason` is a code: `nft-refused`, ... */
  | { readonly type: 'apply-failed'; readonly reason: string; readonly message: string; readonly retryMs: number }
  /** Somebody else deleted or changed our table; it is put back next. */
  | { readonly type: 'drift'; readonly found: 'missing' | 'changed'; readonly what: string }
  | { readonly type: 'drift-repaired'; readonly afterMs: number }
  | {
      readonly type: 'quarantined';
      readonly policySet: string;
      readonly direction: Direction;
      readonly policies: readonly string[];
      readonly reason: string;
    }
  | { readonly type: 'quarantine-ended'; readonly policySet: string }
  /** A list of a kind was read again, because events may have been missed. */
  | { readonly type: 'relisted'; readonly kind: string }
  | {
      readonly type: 'watch-failed';
      readonly kind: string;
      readonly reason: string;
      readonly message: string;
      readonly count: number;
    }
  | { readonly type: 'invalid-object'; readonly object: string; readonly reason: string; readonly effect: string }
  | { readonly type: 'remark'; readonly message: string }
  | { readonly type: 'synced'; readonly objects: number; readonly afterMs: number }
  | { readonly type: 'api-lost'; readonly message: string }
  | { readonly type: 'api-back'; readonly afterMs: number }
  | {
      readonly type: 'precondition';
      readonly name: string;
      readonly state: string;
      readonly explanation: string;
      readonly hint: string;
    };

/** Is told of everything, in order, at once. Must not throw and must be quick. */
export type AgentObserver = (event: AgentEvent) => void;
