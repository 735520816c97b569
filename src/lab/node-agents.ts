import type { ClusterAccess } from '../io/kubernetes/cluster-access.ts';
import type { Settlement } from './settlement.ts';

export interface AgentNode {
  readonly name: string;
  /** Runs a program in the network namespace of the node. */
  readonly command: readonly [string, ...string[]];
}

export interface AgentContext {
  readonly nodes: readonly AgentNode[];
  readonly access: ClusterAccess;
  readonly onRemark: (message: string) => void;
}

export interface AgentComplaint {
  readonly node: string;
  readonly message: string;
}

/** The node agents of a lab: they enforce its policies, through its API as in any cluster. */
export interface NodeAgents extends Settlement {
  /** All of them enforce what the API said when they were started. Rejects when one cannot. */
  whenEnforcing(): Promise<void>;
  /** Why policies are not in force on a node; empty when all is well. */
  complaints(): readonly AgentComplaint[];
  stop(): Promise<void>;
}

export type StartAgents = (context: AgentContext) => NodeAgents;
