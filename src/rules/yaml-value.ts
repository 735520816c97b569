/** Plain values as YAML text, in block or flow style. */
import type { YamlNode } from '../yaml/node.ts';

export type YamlValue = string | number | boolean | null | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/** What a node says, for comparing; key order does not count, duplicate keys keep the last. */
export function valueOf(node: YamlNode, replaced?: ReadonlyMap<YamlNode, YamlValue>): YamlValue {
  const other = replaced?.get(node);
  if (other !== undefined) return other;
  switch (node.type) {
    case 'scalar':
      return node.value;
    case 'sequence':
      return node.items.map((item) => valueOf(item, replaced));
    case 'mapping':
      return Object.fromEntries(node.entries.map(({ key, value }) => [String(key.value), valueOf(value, replaced)]));
  }
}

export function sameValue(a: YamlValue, b: YamlValue): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: YamlValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`);
    return `{${entries.sort().join(',')}}`;
  }
  return JSON.stringify(value);
}

/** On one line: `{protocol: UDP, port: 53}`, or JSON. */
export function flowText(value: YamlValue, style: 'flow' | 'json'): string {
  if (Array.isArray(value)) return `[${value.map((item: YamlValue) => flowText(item, style)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => {
      const name = style === 'json' ? JSON.stringify(key) : scalarText(key);
      return `${name}: ${flowText(item, style)}`;
    });
    return `{${entries.join(', ')}}`;
  }
  return style === 'json' ? JSON.stringify(value) : scalarText(value);
}

/** Lines without indentation; the first one belongs behind `key: ` or `- ` where it is a scalar or empty. */
export function blockLines(value: YamlValue): readonly string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ['[]'];
    return value.flatMap((item: YamlValue) => blockLines(item).map((line, i) => `${i === 0 ? '- ' : '  '}${line}`));
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return ['{}'];
    return entries.flatMap(([key, item]) => fieldLines(key, item));
  }
  return [scalarText(value)];
}

export function fieldLines(key: string, value: YamlValue): readonly string[] {
  const lines = blockLines(value);
  const isNested = typeof value === 'object' && value !== null && lines[0] !== '{}' && lines[0] !== '[]';
  if (!isNested) return [`${scalarText(key)}: ${lines[0] ?? ''}`, ...lines.slice(1)];
  return [`${scalarText(key)}:`, ...lines.map((line) => `  ${line}`)];
}

/** Plain words that no reader of YAML takes for anything but text. */
const PLAIN = /^(?:[A-Za-z_./][A-Za-z0-9_./-]*|[0-9]+(?:\.[0-9]+){3}\/[0-9]+)$/;
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|\.nan|\.inf)$/i;

export function scalarText(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (PLAIN.test(value) && !RESERVED.test(value)) return value;
  return JSON.stringify(value);
}
