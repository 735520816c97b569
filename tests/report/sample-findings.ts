/** Reports of an audit to render: an ordinary one, an empty one, and one whose every text is hostile. */
import type { SourceText, Span } from '../../src/base/source.ts';
import type { AuditReport } from '../../src/rules/audit.ts';
import type { ReportedFinding } from '../../src/rules/reported-finding.ts';
import type { ProfileReport } from '../../src/rules/profile-report.ts';
import type { RuleInfo } from '../../src/rules/rule.ts';

export const sampleRule: RuleInfo = {
  name: 'open-door',
  severity: 'error',
  category: 'mistakes',
  summary: 'a door is open',
  fixable: true,
  detectors: ['M1'],
  catalogue: ['NP001'],
  controls: { cis: ['5.3.2'] },
};

export const quietRule: RuleInfo = {
  name: 'closed-door',
  severity: 'warning',
  category: 'posture',
  summary: 'a door is closed',
  fixable: false,
  detectors: [],
  catalogue: [],
};

const source: SourceText = {
  name: './k8s/shop web.yaml',
  text: 'spec:\n  ingress:\n    - from: # all\n        - podSelector: {}\n      ports:\n        - port: 80\n',
};

function span(text: string, of: SourceText = source): Span {
  const start = of.text.indexOf(text);
  return { source: of, start, end: start + text.length };
}

const full: ReportedFinding = {
  rule: sampleRule,
  severity: 'error',
  message: 'port 80 of shop/web is open to everybody in the namespace',
  why: 'An empty selector means every pod of the namespace, so that new workloads get in as well.',
  help: 'name the pods that need it',
  place: span('podSelector: {}'),
  related: [{ message: 'this port', span: span('port: 80') }, { message: 'the Service sends it there' }],
  object: 'shop/NetworkPolicy/web',
  confidence: 'file-only',
  witness: {
    from: 'shop/Pod/a',
    to: 'shop/Deployment/web',
    protocol: 'TCP',
    port: 80,
    text: 'allowed, needed by nobody',
  },
  pods: [
    'shop/Deployment/a',
    'shop/Deployment/b',
    'shop/Deployment/c',
    'shop/Deployment/d',
    'shop/Deployment/e',
    'shop/Deployment/f',
  ],
  fix: {
    description: 'select app=web',
    edits: [{ ...span('{}'), text: '{matchLabels: {app: web}}' }],
    changesVerdicts: true,
  },
  fingerprint: '0123456789abcdef',
};

const short: ReportedFinding = {
  rule: quietRule,
  severity: 'info',
  message: 'nobody may come in',
  place: span('ingress:\n    - from: # all'),
  confidence: 'certain',
  fingerprint: '00000000000000ff',
};

const placeless: ReportedFinding = {
  rule: quietRule,
  severity: 'warning',
  message: 'seen in the cluster',
  object: 'db/NetworkPolicy/lock',
  confidence: 'implementation-defined',
  fingerprint: '00000000000000fe',
};

export const sampleReport: AuditReport = {
  findings: [short, full, placeless],
  suppressed: [
    { ...short, fingerprint: '00000000000000fd', suppressedBy: 'comment', reason: 'it is a vault' },
    { ...short, fingerprint: '00000000000000fc', suppressedBy: 'baseline', reason: '' },
  ],
  rules: [quietRule, sampleRule],
  goneFromBaseline: 2,
};

export const cleanReport: AuditReport = {
  findings: [],
  suppressed: [],
  rules: [quietRule, sampleRule],
  goneFromBaseline: 0,
};

export const sampleProfile: ProfileReport = {
  profile: { name: 'cis', title: 'A benchmark', controls: [] },
  controls: [
    { control: { id: '1', title: 'Doors are closed' }, rules: ['open-door'], status: 'fail', findings: [full] },
    { control: { id: '2', title: 'Doors exist' }, rules: ['closed-door'], status: 'pass', findings: [] },
    {
      control: { id: '10', title: 'Doors are strong' },
      rules: [],
      status: 'undecided',
      findings: [],
      why: 'nobody knocked',
    },
  ],
};

/** Every text of a finding is the given one. */
export function hostileReport(text: string): AuditReport {
  const hostileSource: SourceText = { name: text, text: `${text}: 1\n` };
  const place: Span = { source: hostileSource, start: 0, end: text.length };
  const finding: ReportedFinding = {
    rule: sampleRule,
    severity: 'error',
    message: text,
    why: text,
    help: text,
    place,
    related: [{ message: text, span: place }, { message: text }],
    object: text,
    confidence: 'certain',
    witness: { from: text, to: text, protocol: text, port: 1, text },
    pods: [text],
    fix: { description: text, edits: [{ ...place, text }], changesVerdicts: true },
    fingerprint: '0123456789abcdef',
  };
  return {
    findings: [finding],
    suppressed: [{ ...finding, suppressedBy: 'config', reason: text }],
    rules: [sampleRule],
    goneFromBaseline: 0,
  };
}
