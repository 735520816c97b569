/** Objects that the product does not evaluate, read from the text for what they say about the rest. */
import type { SourceText, Span } from '../base/source.ts';
import type { YamlNode } from '../yaml/node.ts';
import { parseManifests } from '../yaml/parse.ts';
import type { AuditContext } from './audit-context.ts';

export interface SourceObject {
  readonly source: SourceText;
  readonly root: YamlNode;
  readonly kind: string;
  readonly name: string;
  /** `default` where it is left out; has no meaning for kinds without namespaces. */
  readonly namespace: string;
}

/** Those of one API group (`''`: the core) and of these kinds, in any version; read once per context. */
export function sourceObjects(context: AuditContext, group: string, kinds: readonly string[]): readonly SourceObject[] {
  return context.shared(`objects of ${group} ${kinds.join()}`, () => {
    const found: SourceObject[] = [];
    for (const source of context.sources) {
      if (!kinds.some((kind) => source.text.includes(kind))) continue;
      const { documents } = parseManifests(source, {
        wants: (apiVersion, kind) =>
          (group === '' ? !apiVersion.includes('/') : apiVersion.startsWith(`${group}/`)) && kinds.includes(kind),
      });
      for (const { root } of documents) {
        const metadata = field(root, 'metadata');
        const name = text(field(metadata, 'name'));
        const kind = text(field(root, 'kind'));
        // Without a kind of ours it is the empty root of a text with nothing else.
        if (name === undefined || kind === undefined || !kinds.includes(kind)) continue;
        found.push({ source, root, kind, name, namespace: text(field(metadata, 'namespace')) ?? 'default' });
      }
    }
    return found;
  });
}

export function spanIn(source: SourceText, { start, end }: YamlNode): Span {
  return { source, start, end };
}

/** The last one of duplicate keys counts. */
export function field(node: YamlNode | undefined, name: string): YamlNode | undefined {
  return node?.type === 'mapping' ? node.entries.findLast(({ key }) => key.raw === name)?.value : undefined;
}

export function items(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.type === 'sequence' ? node.items : [];
}

export function text(node: YamlNode | undefined): string | undefined {
  return node?.type === 'scalar' && node.value !== null ? node.raw : undefined;
}

/** Of a Pod, of what has a pod template, of a CronJob. */
export function podSpec(root: YamlNode): YamlNode | undefined {
  const spec = field(root, 'spec');
  const job = field(field(spec, 'jobTemplate'), 'spec');
  return field(field(job ?? spec, 'template'), 'spec') ?? spec;
}
