import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readConfig } from '../../src/rules/config.ts';

it('the example on the page of the settings is understood', () => {
  const page = readFileSync(new URL('../../docs/reference/audit-settings.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);
  const [settings = ''] = examples;
  const { config, diagnostics } = readConfig({ name: 'sallyport.yaml', text: settings });
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  expect(config.rules.size).toBeGreaterThan(2);
  expect(config.ignores).toHaveLength(2);
  expect(config.failOn).toBe('warning');
});
