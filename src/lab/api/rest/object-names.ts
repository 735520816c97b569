/** Names of objects: which are legal for a kind, and those that the server makes up. */
import { dns1035LabelProblems, dnsLabelProblems, subdomainProblems } from '../../../kube/syntax.ts';
import type { Resource } from '../resources.ts';

type NameRule = (name: string) => readonly string[];

const rules: ReadonlyMap<string, NameRule> = new Map<string, NameRule>([
  ['namespaces', dnsLabelProblems],
  ['services', dns1035LabelProblems],
]);

/** What the server says against a name; nothing for a good one. */
export function nameProblems({ group, plural }: Resource, name: string): readonly string[] {
  const rule = (group === '' ? rules.get(plural) : undefined) ?? subdomainProblems;
  return rule(name);
}

/** The same for what a made-up name begins with, which may end in a dash. */
export function prefixProblems(resource: Resource, prefix: string): readonly string[] {
  return nameProblems(resource, prefix.endsWith('-') ? `${prefix.slice(0, -1)}a` : prefix);
}

/** No vowels, and nothing that looks like another character. */
export const nameLetters = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const longestPrefix = 63 - suffixLength;

/** `prefix` and five characters of chance. */
export function generatedName(prefix: string, random: () => number): string {
  let suffix = '';
  for (let i = 0; i < suffixLength; i += 1) suffix += nameLetters[Math.floor(random() * nameLetters.length)] ?? '';
  return prefix.slice(0, longestPrefix) + suffix;
}
