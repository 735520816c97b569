/** What rules ask for in words that mean the same in two engines, for comparing what is unknown. */
import type { LabelSelector } from '../kube/objects.ts';
import type { Engine } from './engine.ts';
import type { RuleEntry } from './policy-rules.ts';
import { selectorWords } from './rule-words.ts';

/** Selectors and peers of the entries as text: equal text asks the same of every pod, known or not. */
export function sourceWords(
  { compiled }: Engine,
  selectors: readonly LabelSelector[],
  entries: readonly RuleEntry[],
): string {
  const { peerSources, cluster, portSpecs } = compiled;
  const words = selectors.map(selectorWords);
  for (const { peers, ports } of entries) {
    const source = peerSources.source(peers);
    const parts = source.pods.map(({ namespace, namespaces, pods }) => {
      const where =
        namespaces < 0
          ? `in ${cluster.namespaceName(namespace)}`
          : `where ${selectorWords(peerSources.namespaceLabels.selector(namespaces).source)}`;
      return `${selectorWords(peerSources.podLabels.selector(pods).source)} ${where}`;
    });
    for (const selector of source.nodes) {
      parts.push(`nodes ${selectorWords(peerSources.nodeLabels.selector(selector).source)}`);
    }
    const ranges = peerSources.addressSets.sets[source.addresses] ?? [];
    for (const { family, first, last } of ranges) parts.push(`${family}:${first}-${last}`);
    if (source.domains !== 'none') parts.push(`domains ${source.domains}`);
    const names = portSpecs.names(ports).map(({ name, protocol }) => `${name}/${protocol ?? ''}`);
    words.push(`${source.any ? 'any' : parts.sort().join(' or ')} at ${names.sort().join(',')}`);
  }
  return words.join('; ');
}
