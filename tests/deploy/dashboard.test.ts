import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS, type MetricDefinition } from '../../src/agent/metrics/metric-table.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const dashboard = JSON.parse(
  readFileSync(new URL('../../deploy/grafana/sallyport-agents.json', import.meta.url), 'utf8'),
) as { readonly panels: readonly Panel[] };
const targets = dashboard.panels.flatMap((panel) =>
  (panel.targets ?? []).map((target) => ({ title: panel.title, ...target })),
);
const definitions = new Map(Object.values<MetricDefinition>(METRICS).map((metric) => [metric.name, metric]));
/** What Prometheus adds, and what histograms have. */
const given = new Set(['instance', 'le']);

function metricOf(series: string): MetricDefinition | undefined {
  const whole = definitions.get(series);
  if (whole !== undefined) return whole.type === 'histogram' ? undefined : whole;
  const base = definitions.get(series.replace(/_(bucket|sum|count)$/, ''));
  return base?.type === 'histogram' ? base : undefined;
}

describe('the dashboard', () => {
  it('has panels', () => {
    expect(targets.length).toBeGreaterThan(20);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { type, description } of dashboard.panels) if (type !== 'row') expect(description).toMatch(/\.$/);
  });

  it.each(targets)('$title: $expr', ({ expr, legendFormat }) => {
    const series = expr.match(/sallyport_\w+/g) ?? [];
    expect(series.length).toBeGreaterThan(0);
    const labels = new Set(given);
    for (const name of series) {
      const metric = metricOf(name);
      expect([name, metric !== undefined]).toEqual([name, true]);
      for (const label of metric?.labels ?? []) labels.add(label);
      if (metric?.type === 'counter') expect(expr).toMatch(new RegExp(`(rate|increase)\\(${name}`));
      if (name.endsWith('_bucket')) expect(expr).toContain('histogram_quantile(');
    }
    const used = [
      ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
      ...[...expr.matchAll(/([a-z_]+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
      ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    ];
    for (const label of used) expect([label, labels.has(label)]).toEqual([label, true]);
  });

  it('has panels that do not lie upon each other', () => {
    const cells = new Set<string>();
    for (const { gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.has(`${x} ${y}`)).toBe(false);
          cells.add(`${x} ${y}`);
        }
      }
    }
  });
});
