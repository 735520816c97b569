import { missingOwnership } from '../../src/rules/upkeep/missing-ownership.ts';
import { reviewOverdue } from '../../src/rules/upkeep/review-overdue.ts';
import { testRule } from './rule-tester.ts';

function policy(name: string, annotations: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop, annotations: ${annotations} }
spec: { podSelector: {} }
`;
}

testRule(missingOwnership, {
  valid: [
    { name: 'nobody annotates', yaml: policy('a', '{}') + policy('b', '{}') },
    { name: 'one policy alone', yaml: policy('a', '{ owner: x }') },
    { name: 'a minority annotates', yaml: policy('a', '{ owner: x }') + policy('b', '{}') + policy('c', '{}') },
    { name: 'another key for the same', yaml: policy('a', '{ owner: x }') + policy('b', '{ sallyport.dev/owner: z }') },
    { name: 'what is required is there', yaml: policy('a', '{ owner: x }'), options: { facts: ['owner'] } },
  ],
  invalid: [
    {
      name: 'the one without',
      yaml: policy('a', '{ owner: x, purpose: p }') + policy('b', '{ purpose: z }'),
      findings: [
        {
          message: 'the policy does not say its owner',
          object: 'shop/NetworkPolicy/b',
          at: 'name: b',
          severity: 'info',
        },
      ],
    },
    {
      name: 'an annotation that says nothing',
      yaml: policy('a', "{ owner: '  ' }"),
      options: { facts: ['owner', 'review-by'] },
      findings: [{ message: 'the policy does not say its owner, review-by' }],
    },
  ],
});

testRule(reviewOverdue, {
  valid: [
    { name: 'a day to come', yaml: policy('a', '{ review-by: "2026-07-01" }'), settings: { today: '2026-06-30' } },
    { name: 'today', yaml: policy('a', '{ review-by: "2026-07-01" }'), settings: { today: '2026-07-01' } },
    { name: 'no clock', yaml: policy('a', '{ review-by: "2001-07-01" }') },
    { name: 'a time', yaml: policy('a', '{ review-by: "2026-07-01T10:00:00Z" }'), settings: { today: '2026-06-30' } },
    { name: 'no date at all', yaml: policy('a', '{ owner: x }'), settings: { today: '2026-06-30' } },
  ],
  invalid: [
    {
      name: 'a day that is over',
      yaml: policy('a', '{ sallyport.dev/review-by: "2026-02-28" }'),
      settings: { today: '2026-03-01' },
      findings: [{ message: 'the policy was to be reviewed by 2026-02-28', at: 'sallyport.dev/review-by' }],
    },
    {
      name: 'a day that never comes',
      yaml: policy('a', '{ review-by: "2026-02-29" }'),
      findings: [{ message: 'review-by is "2026-02-29", which is no date' }],
    },
    {
      name: 'words',
      yaml: policy('a', '{ review-by: next summer }'),
      findings: [{ message: 'review-by is "next summer", which is no date' }],
    },
  ],
});
