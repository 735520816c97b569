/** From what was read to a report. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { Cidr } from '../base/inet.ts';
import type { SourceText } from '../base/source.ts';
import type { KubeObjects } from '../kube/objects.ts';
import { buildCluster } from '../model/cluster.ts';
import { AuditContext } from '../rules/audit-context.ts';
import { type AuditReport, audit } from '../rules/audit.ts';
import type { Baseline } from '../rules/baseline.ts';
import type { AuditConfig } from '../rules/config.ts';

export interface AnalysisSettings {
  readonly config: AuditConfig;
  readonly baseline: Baseline | undefined;
  /** Names of rules; absent: all. */
  readonly only: readonly string[] | undefined;
  readonly complete: boolean;
  /** Go on without the objects that are invalid. */
  readonly ignoreInvalid: boolean;
  readonly podCidrs: readonly Cidr[];
  readonly allowEgressToLocalNode: boolean;
  /** `YYYY-MM-DD` */
  readonly today: string;
}

export interface AnalysisInput {
  readonly objects: KubeObjects;
  readonly sources: readonly SourceText[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface Analysis {
  readonly report: AuditReport;
  readonly context: AuditContext;
  /** Something is invalid, and the report speaks of nothing else. */
  readonly isInvalid: boolean;
}

export function analyse({ objects, sources, diagnostics }: AnalysisInput, settings: AnalysisSettings): Analysis {
  const { config, baseline, only, complete, podCidrs, allowEgressToLocalNode, today } = settings;
  const cluster = buildCluster(objects, { podCidrs, allowEgressToLocalNode });
  const context = new AuditContext({
    objects,
    cluster,
    sources,
    settings: { complete, today, annotationKeys: config.annotationKeys },
  });
  const isInvalid = !settings.ignoreInvalid && diagnostics.some(({ severity }) => severity === 'error');
  const report = audit({
    context,
    config,
    diagnostics,
    ...(only === undefined ? {} : { only }),
    invalidOnly: isInvalid,
    ...(baseline === undefined ? {} : { baseline }),
  });
  return { report, context, isInvalid };
}
