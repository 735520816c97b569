import type { AnnotationKeys, AnyPolicy, AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

type Fact = keyof AnnotationKeys;

const facts: readonly Fact[] = ['owner', 'purpose', 'reviewBy'];

/** As people write them in `facts`, and as messages name them. */
const words: Readonly<Record<Fact, string>> = { owner: 'owner', purpose: 'purpose', reviewBy: 'review-by' };

/** Catalogue NP605. Asks only for what other policies of the input have, unless told otherwise. */
export const missingOwnership = defineRule({
  name: 'missing-ownership',
  severity: 'info',
  category: 'upkeep',
  summary: 'a policy does not say who owns it, what it is for, or when to review it, although others do',
  fixable: false,
  detectors: [],
  catalogue: ['NP605'],
  options: {
    facts: {
      type: 'list',
      default: [],
      summary: 'what every policy must say, of owner, purpose and review-by; empty: what at least half of them say',
    },
  },
  *check(context, { facts: asked }) {
    const wanted = facts.filter((fact) => (asked.length > 0 ? asked.includes(words[fact]) : isCustom(fact, context)));
    for (const policy of context.policies()) {
      const missing = wanted.filter((fact) => annotation(policy, fact, context) === undefined);
      if (missing.length === 0) continue;
      const place = placeOf(policy, 'metadata', 'name');
      yield {
        message: `the policy does not say its ${missing.map((fact) => words[fact]).join(', ')}`,
        why: 'Nobody dares to change a policy that nobody owns and whose reason is forgotten.',
        help: `annotate it with ${missing.map((fact) => context.settings.annotationKeys[fact][0] ?? '').join(', ')}`,
        ...(place === undefined ? {} : { place }),
        object: objectId(policy),
        confidence: 'certain',
        key: missing.join(' '),
      };
    }
  },
});

/** The first of the keys that is there and says something. */
export function annotation(
  { meta }: AnyPolicy,
  fact: Fact,
  { settings }: AuditContext,
): { readonly key: string; readonly value: string } | undefined {
  for (const key of settings.annotationKeys[fact]) {
    const value = meta.annotations.get(key)?.trim() ?? '';
    if (value !== '') return { key, value };
  }
  return undefined;
}

function isCustom(fact: Fact, context: AuditContext): boolean {
  let all = 0;
  let told = 0;
  for (const policy of context.policies()) {
    all++;
    if (annotation(policy, fact, context) !== undefined) told++;
  }
  return all > 1 && told * 2 >= all;
}
