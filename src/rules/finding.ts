/** What a rule says: data, the same for every output. */
import type { Severity } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import type { TextEdit } from './text-edit.ts';

/**
 * How sure a finding is. `certain`: it follows from what the input says. `file-only`: it holds if the input is all there
 * is (something was looked for and not found); what lies in the cluster but not in the files could make it wrong.
 * `implementation-defined`: upstream leaves it open, and network plugins differ (the message says in what).
 */
export type Confidence = 'certain' | 'file-only' | 'implementation-defined';

/** One concrete connection that shows what the finding means. */
export interface Witness {
  /** As `can` takes them: `shop/Deployment/web`, `10.0.0.1`, `internet`. */
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  /** `null` for protocols without ports. */
  readonly port: number | null;
  /** One sentence: what is true of it now. */
  readonly text: string;
}

/** A further place that matters, or only a remark when it has no text behind it. */
export interface RelatedPlace {
  readonly message: string;
  readonly span?: Span;
}

/** A change of the manifests that removes the finding. Offered only when there is one right way to do it. */
export interface Fix {
  /** Imperative, without a full stop: `allow UDP as well`. */
  readonly description: string;
  readonly edits: readonly TextEdit[];
  /** Whether it changes what is allowed; a fix that only tidies does not. */
  readonly changesVerdicts: boolean;
}

export interface Finding {
  /** What is wrong, with the concrete names; one sentence without a full stop at its end. */
  readonly message: string;
  /** Why it matters or how it comes, one or two sentences. */
  readonly why?: string;
  /** What to do. */
  readonly help?: string;
  /** Where; absent only for objects without a text behind them. */
  readonly place?: Span;
  readonly related?: readonly RelatedPlace[];
  /** `shop/NetworkPolicy/web`, `ClusterNetworkPolicy/deny-all`: see `objectId`. */
  readonly object?: string;
  readonly confidence: Confidence;
  readonly witness?: Witness;
  /** Ids of the workloads or pods concerned, sorted; outputs may show only the first few. */
  readonly pods?: readonly string[];
  readonly fix?: Fix;
  /** Where one rule is milder or harsher than its own severity. */
  readonly severity?: Severity;
  /**
   * What tells this finding from others of the same rule on the same object, for baselines: must not depend on line
   * numbers or list positions. Default: the text at `place`.
   */
  readonly key?: string;
}

interface Identified {
  readonly kind: string;
  readonly meta: { readonly namespace: string; readonly name: string };
}

/** `namespace/Kind/name`, `Kind/name` for cluster-scoped objects. */
export function objectId({ kind, meta }: Identified): string {
  return meta.namespace === '' ? `${kind}/${meta.name}` : `${meta.namespace}/${kind}/${meta.name}`;
}
