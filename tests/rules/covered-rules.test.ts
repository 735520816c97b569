/** What a policy opens twice: whole policies, rules, list items; and the logic below. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelSelector, Requirement } from '../../src/kube/objects.ts';
import { matches } from '../../src/kube/selectors.ts';
import { selectorWithin } from '../../src/rules/containment.ts';
import { coveredListItem } from '../../src/rules/upkeep/covered-list-item.ts';
import { coveredPolicy } from '../../src/rules/upkeep/covered-policy.ts';
import { coveredRule } from '../../src/rules/upkeep/covered-rule.ts';
import { ruleWithoutEffect } from '../../src/rules/upkeep/rule-without-effect.ts';
import { testRule } from './rule-tester.ts';

function policy(name: string, podSelector: string, rest: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec:
  podSelector: ${podSelector}
${rest}`;
}

function pod(name: string, labels: string): string {
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: ${labels} }
spec: { containers: [{ name: main, image: main }] }
`;
}

const any = '{}';
const web = '{ matchLabels: { app: web } }';
const denyAll = '  policyTypes: [Ingress, Egress]\n';
const fromShop = '  ingress:\n    - from: [{ podSelector: {} }]\n';

testRule(coveredPolicy, {
  valid: [
    { name: 'a narrow deny beside its own allow', yaml: policy('deny', any, denyAll) + policy('web', web, fromShop) },
    {
      name: 'the same selector for other directions',
      yaml: policy('a', any, '  policyTypes: [Ingress]\n') + policy('b', any, '  policyTypes: [Egress]\n'),
    },
    {
      name: 'the same in another namespace',
      yaml: policy('a', any, denyAll) + policy('a', any, denyAll).replace('shop', 'bank'),
    },
    {
      name: 'a default deny beside a rule for all pods',
      yaml:
        policy('deny', any, denyAll) +
        policy('port', any, '  policyTypes: [Ingress]\n  ingress:\n    - ports: [{ port: 80 }]\n'),
    },
    {
      name: 'a selector that nothing matches',
      yaml:
        policy('a', any, denyAll) +
        policy(
          'b',
          '{ matchExpressions: [{ key: a, operator: Exists }, { key: a, operator: DoesNotExist }] }',
          denyAll,
        ),
    },
  ],
  invalid: [
    {
      name: 'a narrower deny',
      yaml: policy('deny', any, denyAll) + policy('deny-web', web, denyAll) + pod('web', '{ app: web }'),
      findings: [
        {
          message: 'without this policy nothing would change: shop/NetworkPolicy/deny does all of it',
          object: 'shop/NetworkPolicy/deny-web',
          pods: ['shop/Pod/web'],
          at: 'name: deny-web',
        },
      ],
    },
    {
      name: 'a default deny beside everything allowed',
      yaml: policy('allow', any, '  ingress: [{}]\n') + policy('deny', any, '  policyTypes: [Ingress]\n'),
      findings: [{ object: 'shop/NetworkPolicy/deny' }],
    },
    {
      name: 'three of the same: the first stays',
      yaml: policy('a', web, fromShop) + policy('b', web, fromShop) + policy('c', web, fromShop),
      findings: [
        { object: 'shop/NetworkPolicy/b', message: /: shop\/NetworkPolicy\/a does/ },
        { object: 'shop/NetworkPolicy/c', message: /: shop\/NetworkPolicy\/a does/ },
      ],
    },
    {
      name: 'a policy split over two others',
      yaml:
        policy('all', any, '  policyTypes: [Ingress]\n  ingress:\n    - ports: [{ port: 80 }]\n') +
        policy('https', any, '  ingress:\n    - ports: [{ port: 443 }]\n') +
        policy('web', web, '  ingress:\n    - ports: [{ port: 80 }, { port: 443 }]\n'),
      findings: [{ object: 'shop/NetworkPolicy/web', message: /all and shop\/NetworkPolicy\/https do all of it$/ }],
    },
  ],
});

testRule(coveredRule, {
  valid: [
    {
      name: 'other ports',
      yaml: policy('a', any, '  ingress:\n    - ports: [{ port: 80 }]\n    - ports: [{ port: 443 }]\n'),
    },
    {
      name: 'another protocol',
      yaml: policy('a', any, '  ingress:\n    - ports: [{ port: 53 }]\n    - ports: [{ port: 53, protocol: UDP }]\n'),
    },
    {
      name: 'pods and addresses',
      yaml: policy(
        'a',
        any,
        '  egress:\n    - to: [{ ipBlock: { cidr: 0.0.0.0/0 } }]\n    - to: [{ podSelector: {} }]\n',
      ),
    },
    {
      name: 'a named port beside a number',
      yaml: policy('a', any, '  ingress:\n    - ports: [{ port: 80 }]\n    - ports: [{ port: http }]\n'),
    },
    {
      name: 'a rule that does not count',
      yaml: policy('a', any, '  policyTypes: [Egress]\n  ingress:\n    - {}\n    - ports: [{ port: 80 }]\n'),
    },
    {
      name: 'what only a policy for fewer pods opens',
      yaml:
        policy('a', any, '  ingress:\n    - from: [{ podSelector: { matchLabels: { app: web } } }]\n') +
        policy('web', web, fromShop),
    },
    {
      name: 'a wider except',
      yaml: policy(
        'a',
        any,
        '  egress:\n    - to: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } }]\n    - to: [{ ipBlock: { cidr: 10.1.2.0/24 } }]\n',
      ),
    },
    { name: 'a whole policy: that is told at once', yaml: policy('a', any, fromShop) + policy('b', web, fromShop) },
  ],
  invalid: [
    {
      name: 'a rule inside another one, keeping comments',
      yaml: policy(
        'a',
        any,
        `  ingress:
    - from: [{ podSelector: {} }] # everybody here
    # only the web
    - from: [{ podSelector: { matchLabels: { app: web } } }]
      ports: [{ port: 80 }]
    - from: [{ namespaceSelector: {} }]
      ports: [{ port: 443 }]
`,
      ),
      findings: [
        {
          message: 'spec.ingress[1] opens nothing that spec.ingress[0] does not open',
          at: 'from: [{ podSelector: { matchLabels',
          related: 1,
          confidence: 'certain',
        },
      ],
      fixed: policy(
        'a',
        any,
        `  ingress:
    - from: [{ podSelector: {} }] # everybody here
    - from: [{ namespaceSelector: {} }]
      ports: [{ port: 443 }]
`,
      ),
    },
    {
      name: 'two equal rules: the second one goes',
      yaml: policy('a', any, '  egress:\n    - ports: [{ port: 80 }]\n    - ports: [{ port: 80 }]\n'),
      findings: [{ message: /^spec\.egress\[1\]/ }],
      fixed: policy('a', any, '  egress:\n    - ports: [{ port: 80 }]\n'),
    },
    {
      name: 'pieces in two other rules',
      yaml: policy(
        'a',
        any,
        `  egress:
    - to: [{ ipBlock: { cidr: 10.0.0.0/9 } }]
    - to: [{ ipBlock: { cidr: 10.128.0.0/9 } }]
    - to: [{ ipBlock: { cidr: 10.1.0.0/16 } }, { ipBlock: { cidr: 10.200.0.0/16, except: [10.200.1.0/24] } }]
      ports: [{ port: 1, endPort: 9 }]
`,
      ),
      findings: [{ message: 'spec.egress[2] opens nothing that spec.egress[0] and spec.egress[1] do not open' }],
    },
    {
      name: 'a wider rule of another policy, and no chain of names',
      yaml:
        policy('a', any, '  ingress:\n    - {}\n') +
        policy(
          'b',
          web,
          '  policyTypes: [Ingress, Egress]\n  ingress:\n    - ports: [{ port: 80 }]\n    - ports: [{ port: 80 }]\n',
        ),
      findings: [
        { message: 'spec.ingress[0] opens nothing that shop/NetworkPolicy/a spec.ingress[0] does not open' },
        { message: 'spec.ingress[1] opens nothing that shop/NetworkPolicy/a spec.ingress[0] does not open' },
      ],
    },
  ],
});

testRule(coveredListItem, {
  valid: [
    {
      name: 'different peers and ports',
      yaml: policy(
        'a',
        any,
        '  ingress:\n    - from: [{ podSelector: { matchLabels: { a: b } } }, { namespaceSelector: { matchLabels: { a: b } } }]\n      ports: [{ port: 1 }, { port: 2, protocol: UDP }, { port: 2 }]\n',
      ),
    },
    {
      name: 'NotIn beside In',
      yaml: policy(
        'a',
        any,
        '  ingress:\n    - from: [{ podSelector: { matchLabels: { a: b } } }, { podSelector: { matchExpressions: [{ key: a, operator: NotIn, values: [b] }] } }]\n',
      ),
    },
  ],
  invalid: [
    {
      name: 'a port beside its whole protocol',
      yaml: policy(
        'a',
        any,
        '  ingress:\n    - ports:\n        - port: 80\n        - protocol: TCP\n        - protocol: UDP\n',
      ),
      findings: [
        {
          message: 'spec.ingress[0].ports[0] opens nothing that spec.ingress[0].ports[1] does not open',
          at: 'port: 80',
        },
      ],
      fixed: policy('a', any, '  ingress:\n    - ports:\n        - protocol: TCP\n        - protocol: UDP\n'),
    },
    {
      name: 'pods of the own namespace beside all namespaces',
      yaml: policy('a', any, '  ingress:\n    - from:\n        - podSelector: {}\n        - namespaceSelector: {}\n'),
      findings: [{ message: /^spec\.ingress\[0\]\.from\[0\] .* from\[1\]|from\[1\] does not open$/ }],
    },
    {
      name: 'the own namespace by name',
      yaml: policy(
        'a',
        any,
        '  ingress:\n    - from:\n        - podSelector: {}\n        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }\n          podSelector: { matchLabels: { app: web } }\n',
      ),
      findings: [{ message: /from\[1\] opens nothing/ }],
    },
  ],
});

const shop = pod('web', '{ app: web, tier: front }') + pod('db', '{ app: db }') + pod('tool', '{ app: tool }');
const two = (second: string): string =>
  policy(
    'db',
    '{ matchLabels: { app: db } }',
    `  ingress:
    - from: [{ podSelector: { matchLabels: { app: web } } }]
    - from: [{ podSelector: { matchLabels: ${second} } }]
`,
  );

testRule(ruleWithoutEffect, {
  valid: [
    { name: 'rules for different pods', yaml: two('{ app: tool }') + shop },
    { name: 'nobody at hand', yaml: two('{ tier: front }') },
    { name: 'a peer that means nobody here', yaml: two('{ app: later }') + shop },
    {
      name: 'the other end refuses',
      yaml: two('{ app: tool }') + policy('tool', '{ matchLabels: { app: tool } }', '  policyTypes: [Egress]\n') + shop,
    },
  ],
  invalid: [
    {
      name: 'two names for the same pods: one of them',
      yaml: two('{ tier: front }') + shop,
      findings: [
        {
          message: 'without spec.ingress[0] every verdict between the workloads at hand would be the same',
          confidence: 'file-only',
          pods: ['shop/Pod/db'],
        },
      ],
    },
  ],
});

describe('containment of selectors', () => {
  const requirement: fc.Arbitrary<Requirement> = fc.record({
    key: fc.constantFrom('a', 'b'),
    operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
    values: fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1, maxLength: 3 }),
  });
  const selector: fc.Arbitrary<LabelSelector> = fc
    .array(requirement, { maxLength: 3 })
    .map((requirements) => ({ requirements, invalid: false, span: undefined }));
  // Every label set that can matter: absent, each value, and one that no selector names.
  const values = [undefined, 'x', 'y', 'z', 'other'];
  const labelSets = values.flatMap((a) =>
    values.map(
      (b) =>
        new Map(
          [
            ['a', a],
            ['b', b],
          ].flatMap(([k, v]) => (k === undefined || v === undefined ? [] : [[k, v]])),
        ),
    ),
  );

  it('is what all label sets say', () => {
    fc.assert(
      fc.property(selector, selector, (inner, outer) => {
        const truth = labelSets.every((labels) => !matches(inner, labels) || matches(outer, labels));
        expect(selectorWithin(inner, outer)).toBe(truth);
      }),
      { numRuns: 3000 },
    );
  });
});
