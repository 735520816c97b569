/** Intents as they are written: assertions about connections, before any cluster is looked at. */
import type { Cidr } from '../base/inet.ts';
import type { Span } from '../base/source.ts';
import type { EndpointText } from '../engine/endpoint-text.ts';
import type { LabelSelector, Protocol } from '../kube/objects.ts';

/** Sets of ends that have a name of their own. */
export type EndWord = 'internet' | 'outside' | 'cluster' | 'anywhere';

/** Some of the ends that a connection can have. */
export type EndExpression =
  /** `internet`: public addresses; `outside`: all addresses; `cluster`: all pods; `anywhere`: these and the nodes. */
  | { readonly type: 'word'; readonly word: EndWord; readonly span: Span }
  /** As on the command line; `text` without a port. */
  | { readonly type: 'text'; readonly text: string; readonly read: EndpointText; readonly span: Span }
  | { readonly type: 'namespace'; readonly names: readonly string[]; readonly span: Span }
  /** Pods that meet all that is given. */
  | {
      readonly type: 'pods';
      readonly namespaces: readonly string[] | undefined;
      readonly namespaceSelector: LabelSelector | undefined;
      readonly podSelector: LabelSelector | undefined;
      readonly span: Span;
    }
  | { readonly type: 'nodes'; readonly selector: LabelSelector; readonly span: Span }
  | { readonly type: 'network'; readonly cidr: Cidr; readonly except: readonly Cidr[]; readonly span: Span }
  /** Everything else: pods, nodes and addresses. */
  | { readonly type: 'not'; readonly of: readonly EndExpression[]; readonly span: Span };

export type PortItem =
  | { readonly type: 'range'; readonly protocol: Protocol; readonly first: number; readonly last: number }
  /** Every port of a protocol; of all protocols, and what has no ports, when absent. */
  | { readonly type: 'all'; readonly protocol: Protocol | undefined }
  | { readonly type: 'portless' }
  /** What the containers of the destination call so; for a Service, what it calls so. */
  | { readonly type: 'name'; readonly name: string; readonly protocol: Protocol | undefined };

export interface PortWish {
  readonly items: readonly PortItem[];
  readonly span: Span;
}

/** An end with the ports that are meant on it, when they are not those of the whole assertion. */
export interface Entry {
  readonly end: EndExpression;
  readonly ports: PortWish | undefined;
}

export type Direction = 'ingress' | 'egress';

/**
 * What must hold. Without `ports` the question is whether anything at all is open: `allow` then wants at least one
 * port, `deny` wants none.
 */
export type Assertion =
  | {
      readonly type: 'allow';
      readonly from: readonly Entry[];
      readonly to: readonly Entry[];
      readonly ports: PortWish | undefined;
      /** And no other port. */
      readonly exactly: boolean;
    }
  | {
      readonly type: 'deny';
      readonly from: readonly Entry[];
      readonly to: readonly Entry[];
      readonly ports: PortWish | undefined;
    }
  /** `from` is exactly who may reach `to`. */
  | {
      readonly type: 'only';
      readonly from: readonly Entry[];
      readonly to: readonly Entry[];
      readonly ports: PortWish | undefined;
    }
  /** `to` is exactly what `from` may reach. */
  | {
      readonly type: 'onlyTo';
      readonly from: readonly Entry[];
      readonly to: readonly Entry[];
      readonly ports: PortWish | undefined;
    }
  /** NetworkPolicies select every one of the pods for the directions. */
  | { readonly type: 'isolated'; readonly pods: readonly Entry[]; readonly directions: readonly Direction[] };

export interface Intent {
  readonly name: string;
  readonly reason: string | undefined;
  readonly assertion: Assertion;
  /** What becomes of an answer that hangs on a fact which the input lacks (D14). */
  readonly unknown: 'fail' | 'accept';
  /** Whether an end may match nothing; otherwise that is a slip, and fails. */
  readonly mayMatchNothing: boolean;
  /** Where ends without a namespace live; `undefined` leaves it to the caller. */
  readonly namespace: string | undefined;
  /** Of the whole entry. */
  readonly span: Span;
}
