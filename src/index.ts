/**
 * Sallyport as a library: text in, answers out. Everything here is pure; reading files is up to the caller.
 *
 * ```ts
 * const { objects, diagnostics } = readManifests([{ name: 'app.yaml', text }]);
 * const cluster = buildCluster(objects);
 * const engine = createEngine(cluster);
 * const map = connectivityMap(engine);
 * ```
 */
export type { Diagnostic, Severity } from './base/diagnostic.ts';
export type { Cidr, IpAddress } from './base/inet.ts';
export { positionAt, spanLabel } from './base/source.ts';
export type { Position, SourceText, Span } from './base/source.ts';
export type * from './kube/objects.ts';
export { readManifests } from './kube/read.ts';
export type { ManifestInput, ReadOptions, ReadResult, SkippedKind } from './kube/read.ts';
export { buildCluster } from './model/cluster.ts';
export type { Cluster, ClusterOptions } from './model/cluster.ts';
export { connectivityMap } from './engine/connectivity.ts';
export type { MapOptions as ConnectivityOptions } from './engine/connectivity.ts';
export { parseEndpoint } from './engine/endpoint.ts';
export type { EndpointOptions, ResolvedEndpoint } from './engine/endpoint.ts';
export { createEngine } from './engine/engine.ts';
export type { Engine } from './engine/engine.ts';
export type { ConnectionQuery, Endpoint, Verdict } from './engine/query.ts';
export type * from './engine/results.ts';
export { connectivityDiff } from './engine/semantic-diff.ts';
export type { DiffOptions } from './engine/semantic-diff.ts';
export type * from './engine/semantic-diff-results.ts';
export { parseTarget } from './engine/service-target.ts';
export { expandIntents } from './intents/expand.ts';
export type { ConcreteProbe, ExpandOptions } from './intents/expand.ts';
export type { Intent } from './intents/intent.ts';
export { readIntents } from './intents/read-intents.ts';
export type { ReadIntents } from './intents/read-intents.ts';
export type { Example, IntentResult, VerifyReport } from './intents/report.ts';
export { verifyIntents } from './intents/verify.ts';
export type { VerifyOptions } from './intents/verify.ts';
export { renderFindingsJson } from './report/finding-json.ts';
export { renderFindingsText } from './report/finding-text.ts';
export type { FindingTextOptions } from './report/finding-text.ts';
export { renderSarif } from './report/sarif.ts';
export type { SarifOptions } from './report/sarif.ts';
export { allRules } from './rules/all-rules.ts';
export { AuditContext } from './rules/audit-context.ts';
export type { AuditInput, AuditSettings } from './rules/audit-context.ts';
export { audit } from './rules/audit.ts';
export type { AuditReport, AuditRequest } from './rules/audit.ts';
export { emptyConfig, readConfig } from './rules/config.ts';
export type { AuditConfig } from './rules/config.ts';
export type { ReportedFinding } from './rules/reported-finding.ts';
export { renderDiagnostics } from './report/diagnostics.ts';
export { diffFormats } from './report/diff-formats.ts';
export type { DiffReportOptions } from './report/diff-options.ts';
export { mapFormats, verdictFormats } from './report/formats.ts';
export type { MapOptions as MapReportOptions } from './report/map-options.ts';
export { ansiPalette, plainPalette } from './report/palette.ts';
export type { Palette } from './report/palette.ts';
export type { VerdictOptions as VerdictReportOptions } from './report/verdict-options.ts';
export { verifyFormats } from './report/verify-formats.ts';
export type { VerifyTextOptions as VerifyReportOptions } from './report/verify-text.ts';
