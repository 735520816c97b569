/** A running lab, as commands use it: in this process, or behind namespaces. */
import type { JsonObject } from './api/json.ts';

export interface LabObject {
  readonly object: JsonObject;
  /** Where it was written, `k8s/web.yaml:12`, for messages. */
  readonly place: string;
}

export interface AppliedObject {
  readonly place: string;
  /** `namespaces/shop`, `shop/deployments.apps/web`. */
  readonly name: string;
  readonly action: 'configured' | 'created' | 'unchanged';
  readonly warnings: readonly string[];
}

/** The API server refused it. */
export interface RefusedObject {
  readonly place: string;
  readonly message: string;
}

export interface ApplyResult {
  readonly applied: readonly AppliedObject[];
  readonly refused: readonly RefusedObject[];
}

export interface Readiness {
  /** `shop/web-5d4f7: ErrImagePull: …`; empty when everything that was applied is ready. */
  readonly waiting: readonly string[];
}

export interface Lab {
  /**
   * As `kubectl apply --server-side`, namespaces first. Namespaces that are named but not there are made. Resolves when
   * what was applied is in force.
   */
  apply(objects: readonly LabObject[]): Promise<ApplyResult>;
  /** Resolves when all pods and workloads are ready, or after the time. */
  whenReady(timeoutMs: number): Promise<Readiness>;
  /** Ends all of it. Idempotent. */
  stop(): Promise<void>;
  /** Rejects when the lab ends by itself; never resolves. */
  readonly broken: Promise<never>;
}
