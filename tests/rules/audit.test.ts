/** What the audit does with findings: severities, ignores, baselines, fingerprints, fixes. */
import { describe, expect, it } from 'vitest';
import { spanLabel, type SourceText } from '../../src/base/source.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { AuditContext } from '../../src/rules/audit-context.ts';
import { audit, type AuditReport, type AuditRequest } from '../../src/rules/audit.ts';
import { readBaseline, writeBaseline } from '../../src/rules/baseline.ts';
import { readConfig } from '../../src/rules/config.ts';
import { fixSources } from '../../src/rules/fix-sources.ts';

type Request = Partial<AuditRequest> & { readonly config?: string; readonly today?: string };

function report(
  sources: readonly SourceText[],
  options: Omit<Request, 'config'> & { config?: string } = {},
): AuditReport {
  const { config = '', today, ...request } = options;
  const read = readConfig({ name: 'sallyport.yaml', text: config });
  expect(read.diagnostics).toEqual([]);
  const { objects, diagnostics } = readManifests(sources);
  const context = new AuditContext({
    objects,
    cluster: buildCluster(objects),
    sources,
    settings: { today },
  });
  return audit({
    only: ['dns-without-udp', 'invalid-manifest'],
    ...request,
    context,
    config: read.config,
    diagnostics,
  });
}

function auditText(text: string, options: Parameters<typeof report>[1] = {}): AuditReport {
  return report([{ name: 'a.yaml', text }], options);
}

/** `file:line rule` */
function shown({ findings }: Pick<AuditReport, 'findings'>): string[] {
  return findings.map(
    ({ place, rule }) => `${place === undefined ? '' : spanLabel(place).replace(/:\d+$/, '')} ${rule.name}`,
  );
}

function policy(name: string, ports = '        - port: 53\n', head = ''): string {
  return `${head}apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}
  namespace: shop
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - ports:
${ports}`;
}

const all = { only: ['dns-without-udp', 'invalid-manifest', 'unused-ignore', 'bad-ignore', 'expired-ignore'] };

describe('the configuration', () => {
  it('turns rules off', () => {
    const { findings, rules } = auditText(policy('p'), {
      config: 'audit: {rules: {dns-without-udp: off}}',
      only: undefined,
    } as never);
    expect(findings.filter(({ rule }) => rule.name === 'dns-without-udp')).toEqual([]);
    expect(rules.map(({ name }) => name)).not.toContain('dns-without-udp');
  });

  it('sets severities', () => {
    const { findings } = auditText(policy('p'), { config: 'audit: {rules: {dns-without-udp: info}}' });
    expect(findings.map(({ severity }) => severity)).toEqual(['info']);
  });

  it.each([
    ['rule: dns-without-udp', true],
    ['rule: invalid-manifest', false],
    ['object: shop/*', true],
    ['object: db/*', false],
    ['file: a.*', true],
    ['file: b.*', false],
    ['{rule: dns-without-udp, object: db/*}', false],
  ])('lets pass by %s: %s', (entry, passes) => {
    const fields = entry.startsWith('{') ? entry.slice(1, -1) : entry;
    const config = `audit: {ignore: [{${fields}, reason: known}]}`;
    const result = auditText(policy('p'), { config });
    expect(result.findings).toHaveLength(passes ? 0 : 1);
    expect(result.suppressed.map(({ suppressedBy, reason }) => [suppressedBy, reason])).toEqual(
      passes ? [['config', 'known']] : [],
    );
  });

  it('lets pass until a day, and that day too', () => {
    const config = 'audit: {ignore: [{rule: dns-without-udp, reason: known, until: 2026-05-01}]}';
    expect(shown(auditText(policy('p'), { ...all, config, today: '2026-05-01' }))).toEqual([]);
    expect(shown(auditText(policy('p'), { ...all, config, today: '2026-05-02' }))).toEqual([
      'a.yaml:11 dns-without-udp',
      'sallyport.yaml:1 expired-ignore',
    ]);
  });

  it('is told what it lets pass in vain', () => {
    const config = 'audit: {ignore: [{rule: dns-without-udp, object: db/*, reason: known}]}';
    expect(shown(auditText(policy('p'), { ...all, config }))).toEqual([
      'a.yaml:11 dns-without-udp',
      'sallyport.yaml:1 unused-ignore',
    ]);
  });
});

describe('a comment', () => {
  const ignore = '# sallyport-ignore dns-without-udp: the resolver speaks TCP';
  const finding = /dns-without-udp$/;

  it.each([
    ['behind the line', policy('p', `        - port: 53 ${ignore}\n`)],
    ['above the line', policy('p', `        ${ignore}\n        - port: 53\n`)],
    ['above what holds it', policy('p').replace('  egress:', `  ${ignore}\n  egress:`)],
    [
      'above what holds a list that is not indented',
      policy('p').replace('  egress:\n    - ports', `  ${ignore}\n  egress:\n  - ports`),
    ],
    ['above the object', policy('p', undefined, `${ignore}\n`)],
    ['above the object, between other comments', policy('p', undefined, `# a\n${ignore}\n\n# b\n`)],
    ['above the object, before the document begins', `${ignore}\n---\n${policy('p')}`],
    [
      'with several names',
      policy('p', `        - port: 53 # sallyport-ignore unused-ignore, dns-without-udp: so be it\n`),
    ],
    ['with Windows line ends', policy('p', `        - port: 53 ${ignore}\n`).replaceAll('\n', '\r\n')],
  ])('%s lets pass', (_, text) => {
    const result = auditText(text, all);
    expect(shown(result).filter((line) => finding.test(line))).toEqual([]);
    expect(result.suppressed.map(({ suppressedBy }) => suppressedBy)).toEqual(['comment']);
  });

  it.each([
    ['below the line', policy('p', `        - port: 53\n        ${ignore}\n`)],
    ['behind another line', policy('p').replace('spec:', `spec: ${ignore}`)],
    ['above a sibling', policy('p').replace('  policyTypes', `  ${ignore}\n  policyTypes`)],
    ['above another object', `${policy('p')}---\n${ignore}\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n`],
  ])('%s does not, and is reported as unused', (_, text) => {
    expect(shown(auditText(text, all)).map((line) => line.split(' ')[1])).toEqual(
      expect.arrayContaining(['dns-without-udp', 'unused-ignore']),
    );
  });

  it('without a reason does not count', () => {
    const result = auditText(policy('p', '        - port: 53 # sallyport-ignore dns-without-udp\n'), all);
    expect(shown(result)).toEqual(['a.yaml:11 dns-without-udp', 'a.yaml:11 bad-ignore']);
  });

  it('for no rule, or one that is not there, is reported', () => {
    const text = policy('p', '        - port: 53 # sallyport-ignore: why\n        # sallyport-ignore dns-udp: why\n');
    expect(auditText(text, all).findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^port 53/),
      'the comment names no rule',
      'there is no rule dns-udp',
    ]);
  });

  it('inside a text is none', () => {
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n  a: |\n    # sallyport-ignore nonsense\n  b: "x # sallyport-ignore nonsense"\n---\n${policy('p')}`;
    expect(shown(auditText(text, all))).toEqual(['a.yaml:19 dns-without-udp']);
  });

  it('speaks for its own file only', () => {
    const sources = [
      { name: 'a.yaml', text: policy('p', undefined, `${ignore}\n`) },
      { name: 'b.yaml', text: policy('q') },
    ];
    expect(shown(report(sources, all))).toEqual(['b.yaml:11 dns-without-udp']);
  });
});

describe('a fingerprint', () => {
  const prints = (text: string, name = 'a.yaml'): string[] =>
    report([{ name, text }]).findings.map(({ fingerprint }) => fingerprint);

  it('survives lines above, other comments, other files and another place in the list', () => {
    const [before] = prints(policy('p'));
    expect(before).toMatch(/^[0-9a-f]{16}$/);
    expect(prints(`# one\n# two\n${policy('p')}`)).toEqual([before]);
    expect(prints(policy('p', '        - port: 443\n        - port: 53 # lookups\n'))).toEqual([before]);
    expect(prints(policy('p'), 'elsewhere.yaml')).toEqual([before]);
  });

  it('tells objects and repetitions apart', () => {
    const one = prints(`${policy('p')}---\n${policy('q')}`);
    const twice = prints(policy('p', '        - port: 53\n    - ports:\n        - port: 53\n'));
    expect(new Set(one).size).toBe(2);
    expect(new Set(twice).size).toBe(2);
    expect(twice).toContain(one[0]);
  });
});

describe('a baseline', () => {
  const recorded = writeBaseline(auditText(policy('p')).findings);
  const { baseline, diagnostics } = readBaseline({ name: 'b', text: recorded });

  it('lets pass what it records, and nothing else', () => {
    expect(diagnostics).toEqual([]);
    const result = auditText(`${policy('p')}---\n${policy('q')}`, { baseline });
    expect(result.findings.map(({ object }) => object)).toEqual(['shop/NetworkPolicy/q']);
    expect(result.suppressed.map(({ suppressedBy }) => suppressedBy)).toEqual(['baseline']);
    expect(result.goneFromBaseline).toBe(0);
  });

  it('says what is gone', () => {
    expect(auditText(policy('q'), { baseline }).goneFromBaseline).toBe(1);
  });

  it('is written the same for the same findings', () => {
    const two = auditText(`${policy('p')}---\n${policy('q')}`).findings;
    expect(writeBaseline(two.toReversed())).toBe(writeBaseline(two));
    expect(JSON.parse(writeBaseline([]))).toMatchObject({ kind: 'AuditBaseline', findings: [] });
  });

  it.each(['', '{', '[]', '{"kind": "AuditReport"}', '{"kind": "AuditBaseline", "findings": [{}]}'])(
    'that is none is refused: %s',
    (text) => {
      expect(readBaseline({ name: 'b', text }).diagnostics).toHaveLength(1);
    },
  );
});

describe('invalid manifests', () => {
  const broken = policy('p').replace('[Egress]', '[egress]');

  it('are findings', () => {
    expect(shown(auditText(broken))).toEqual(['a.yaml:8 invalid-manifest']);
  });

  it('hide the others when asked to', () => {
    expect(shown(auditText(`${broken}---\n${policy('q')}`, { invalidOnly: true }))).toEqual([
      'a.yaml:8 invalid-manifest',
    ]);
  });
});

describe('fixes', () => {
  const analyse = (sources: readonly SourceText[]): AuditReport | undefined => report(sources);

  it('are made in all files until none is left', () => {
    const sources = [
      { name: 'a.yaml', text: policy('p') },
      {
        name: 'b.yaml',
        text: policy('q', '        - port: 53\n    - ports:\n        - port: 53\n').replace(
          'namespace: shop',
          'namespace: db',
        ),
      },
      { name: '<stdin>', text: policy('r').replace('namespace: shop', 'namespace: web') },
    ];
    const fixed = fixSources(sources, report(sources), { analyse, isEditable: ({ name }) => name.endsWith('.yaml') });
    expect(shown(fixed.report)).toEqual(['<stdin>:11 dns-without-udp']);
    expect(fixed.made.length).toBeGreaterThanOrEqual(2);
    expect(fixed.sources[2]).toBe(sources[2]);
    const again = fixSources(fixed.sources, fixed.report, { analyse, isEditable: () => false });
    expect(again.sources).toBe(fixed.sources);
  });

  it('that would make a manifest invalid are left out', () => {
    const sources = [{ name: 'a.yaml', text: policy('p') }];
    const fixed = fixSources(sources, report(sources), { analyse: () => undefined, isEditable: () => true });
    expect(fixed.sources).toBe(sources);
    expect(fixed.made).toEqual([]);
  });

  it('end, even when they undo each other', () => {
    const sources = [{ name: 'a.yaml', text: policy('p') }];
    let flips = 0;
    const restless = (texts: readonly SourceText[]): AuditReport => {
      flips++;
      const before = report(sources);
      const [source = { name: '', text: '' }] = texts;
      const findings = before.findings.map((finding) => ({
        ...finding,
        fix: { description: 'flip', changesVerdicts: false, edits: [{ source, start: 0, end: 0, text: '#' }] },
      }));
      return { ...before, findings };
    };
    fixSources(sources, restless(sources), { analyse: restless, isEditable: () => true });
    expect(flips).toBeLessThan(20);
  });
});
