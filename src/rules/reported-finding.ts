import type { Severity } from '../base/diagnostic.ts';
import type { Finding } from './finding.ts';
import type { RuleInfo } from './rule.ts';

/** A finding as reports show it. */
export interface ReportedFinding extends Finding {
  readonly rule: RuleInfo;
  readonly severity: Severity;
  /** Tells it from other findings, whatever lines are added above it: see `fingerprints`. */
  readonly fingerprint: string;
}
