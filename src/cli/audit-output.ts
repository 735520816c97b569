/** The formats of `sallyport audit -o`. */
import { assertNever } from '../base/assert.ts';
import { packageVersion } from '../io/package-root.ts';
import { renderFindingsJson } from '../report/finding-json.ts';
import { renderFindingsMarkdown } from '../report/finding-markdown.ts';
import { type FindingTextOptions, renderFindingsText } from '../report/finding-text.ts';
import { renderGithubAnnotations } from '../report/github-annotations.ts';
import { renderJunit } from '../report/junit.ts';
import { renderProfileText } from '../report/profile-text.ts';
import { renderSarif } from '../report/sarif.ts';
import type { AuditReport } from '../rules/audit.ts';
import type { FailOn } from '../rules/config.ts';
import type { ProfileReport } from '../rules/profile-report.ts';
import { rulePage } from './audit-settings.ts';

export type AuditFormatName = 'text' | 'json' | 'sarif' | 'junit' | 'github' | 'md';

export interface AuditOutput {
  readonly format: AuditFormatName;
  readonly failOn: FailOn;
  readonly text: FindingTextOptions;
}

export function renderAudit(
  report: AuditReport,
  profile: ProfileReport | undefined,
  { format, failOn, text }: AuditOutput,
): string {
  switch (format) {
    case 'text':
      return renderFindingsText(report, text) + (profile === undefined ? '' : renderProfileText(profile, text));
    case 'json':
      return renderFindingsJson(report, profile);
    case 'sarif':
      return renderSarif(report, { version: packageVersion(), page: rulePage });
    case 'junit':
      return renderJunit(report, { failOn });
    case 'github':
      return renderGithubAnnotations(report);
    case 'md':
      return renderFindingsMarkdown(report, profile);
    default:
      return assertNever(format);
  }
}
