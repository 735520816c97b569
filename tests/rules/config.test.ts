import { describe, expect, it } from 'vitest';
import { spanLabel } from '../../src/base/source.ts';
import { defaultAnnotationKeys } from '../../src/rules/audit-context.ts';
import { isDate, readConfig } from '../../src/rules/config.ts';
import { matchesWildcard } from '../../src/rules/wildcard.ts';

function faults(text: string): string[] {
  return readConfig({ name: 'c', text }).diagnostics.map(
    ({ span, message, help }) =>
      `${span === undefined ? '' : spanLabel(span)} ${message}${help === undefined ? '' : ` (${help})`}`,
  );
}

describe('a configuration', () => {
  it('may be empty', () => {
    for (const text of ['', '# nothing\n', 'audit:\n', '{}', 'apiVersion: sallyport.dev/v1\nkind: Config\n']) {
      const { config, diagnostics } = readConfig({ name: 'c', text });
      expect(diagnostics).toEqual([]);
      expect(config.ignores).toEqual([]);
      expect(config.annotationKeys).toEqual(defaultAnnotationKeys);
    }
  });

  it('sets what it says', () => {
    const text = `
audit:
  fail-on: warning
  complete: true
  rules:
    dns-without-udp: off
    invalid-manifest: "off"
    missing-ownership:
      severity: info
  ignore:
    - rule: dns-without-udp
      object: kube-system/*
      reason: the platform team looks after it
      until: 2030-12-31
    - rules: [dns-without-udp, unused-ignore]
      file: legacy/*
      reason: goes with the old cluster
  annotations:
    owner: [team]
`;
    const { config, diagnostics } = readConfig({ name: 'c', text });
    expect(diagnostics).toEqual([]);
    expect([...config.rules].map(([name, { level }]) => [name, level])).toEqual([
      ['dns-without-udp', 'off'],
      ['missing-ownership', 'info'],
      ['invalid-manifest', 'off'],
    ]);
    expect(config.failOn).toBe('warning');
    expect(config.complete).toBe(true);
    expect(
      config.ignores.map(({ rules, object, file, reason, until }) => [rules, object, file, reason, until]),
    ).toEqual([
      [['dns-without-udp'], 'kube-system/*', undefined, 'the platform team looks after it', '2030-12-31'],
      [['dns-without-udp', 'unused-ignore'], undefined, 'legacy/*', 'goes with the old cluster', undefined],
    ]);
    expect(config.annotationKeys).toEqual({ ...defaultAnnotationKeys, owner: ['team'] });
  });

  it.each([
    ['audits: {}', ['c:1:1 unknown setting `audits` (did you mean `audit`?)']],
    ['audit: {rule: {}}', ['c:1:9 unknown setting `rule` in audit (did you mean `rules`?)']],
    [
      'audit: {rules: {dns-without-upd: off}}',
      ['c:1:17 unknown rule `dns-without-upd` in audit.rules (did you mean `dns-without-udp`?)'],
    ],
    [
      'audit: {rules: {dns-without-udp: warn}}',
      ['c:1:34 unknown value of `dns-without-udp`: warn (did you mean `warning`?)'],
    ],
    [
      'audit: {rules: {dns-without-udp: {level: off}}}',
      ['c:1:35 unknown setting of dns-without-udp `level` in audit.rules.dns-without-udp (known: severity)'],
    ],
    ['audit: {fail-on: errors}', ['c:1:18 unknown value of `fail-on`: errors (did you mean `error`?)']],
    ['audit: {complete: maybe}', ['c:1:19 `complete` is true or false']],
    ['audit: {ignore: {rule: dns-without-udp}}', ['c:1:17 `ignore` is a list']],
    [
      'audit: {ignore: [{rule: dns-without-udp}]}',
      ['c:1:18 an ignore needs a reason (add `reason:` and say why this is accepted)'],
    ],
    [
      'audit: {ignore: [{reason: no}]}',
      ['c:1:18 this ignores every finding (narrow it down with `rule`, `object` or `file`)'],
    ],
    [
      'audit: {ignore: [{rule: x, reason: because}]}',
      ['c:1:25 unknown rule of `rule`: x (sallyport audit --list-rules shows them)'],
    ],
    [
      'audit: {ignore: [{file: a, reason: b, until: 2026-02-30}]}',
      ['c:1:18 `until` is no date: "2026-02-30" (write it as YYYY-MM-DD)'],
    ],
    ['audit: {annotations: {owner: team}}', ['c:1:30 `owner` is a list']],
    ['audit: []', ['c:1:8 `audit` is a mapping']],
    ['- a', ['c:1:1 a configuration is a mapping']],
    ['{}\n---\n{}', ['c:3:1 a configuration is one document']],
    ['audit: {}\naudit: {}', ['c:2:1 `audit` is written twice']],
  ])('%s is refused with its place', (text, expected) => {
    expect(faults(text)).toEqual(expected);
  });

  it('that is no YAML says where', () => {
    expect(faults('audit: {')[0]).toMatch(/^c:1:/);
  });
});

describe('a date', () => {
  it.each([
    ['2026-01-31', true],
    ['2028-02-29', true],
    ['2026-02-29', false],
    ['2026-13-01', false],
    ['2026-00-10', false],
    ['2026-1-1', false],
    ['tomorrow', false],
  ])('%s: %s', (text, expected) => {
    expect(isDate(text)).toBe(expected);
  });
});

describe('a pattern', () => {
  it.each([
    ['kube-system/*', 'kube-system/NetworkPolicy/dns', true],
    ['kube-system/*', 'kube-systems/NetworkPolicy/dns', false],
    ['*/NetworkPolicy/web-*', 'shop/NetworkPolicy/web-1', true],
    ['*', '', true],
    ['', 'a', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXbYbZ', false],
    ['a?c', 'abc', false],
    [`${'*a'.repeat(30)}b`, 'a'.repeat(5000), false],
  ])('%j and %j', (pattern, text, expected) => {
    expect(matchesWildcard(pattern, text)).toBe(expected);
  });
});
