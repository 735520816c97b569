import { expect, test } from 'vitest';
import { notReadyReasons, type AgentStatus } from '../../src/agent/status.ts';

const ready: AgentStatus = {
  node: 'node-1',
  table: 'sallyport',
  version: '0',
  startedAt: 0,
  phase: 'enforcing',
  kinds: [
    {
      kind: 'Pod',
      apiVersion: 'v1',
      phase: 'watching',
      synced: true,
      objects: 1,
      relists: 0,
      lastEventAgeMs: 1,
      lastError: undefined,
    },
  ],
  api: { reachable: true, since: 0 },
  tablePresent: true,
  lastApply: { ok: true, at: 0, error: undefined },
  generation: 1,
  counts: { sets: 0, elements: 0, chains: 0, rules: 0 },
  quarantined: [],
  preconditions: [{ name: 'conntrack', state: 'warning', explanation: 'nearly full', hint: 'raise it' }],
  driftRepairs: 3,
  invalid: [{ object: 'shop/Pod/odd', reason: 'odd', since: 0, effect: 'ignored' }],
  invalidCount: 1,
  remarks: ['a remark'],
};

test.each<[string, Partial<AgentStatus>, readonly string[]]>([
  ['all is well', {}, []],
  ['the API server is away, which changes nothing', { api: { reachable: false, since: 0 } }, []],
  ['starting', { phase: 'starting' }, ['starting']],
  ['not listed', { kinds: ready.kinds.map((kind) => ({ ...kind, synced: false })) }, ['not listed yet: Pod']],
  ['nothing applied', { lastApply: undefined }, ['nothing was applied yet']],
  [
    'the last one failed',
    { lastApply: { ok: false, at: 0, error: { reason: 'nft-missing', message: 'there is no nft' } } },
    ['the last transaction failed: there is no nft'],
  ],
  ['no table', { tablePresent: false }, ['the table inet sallyport is not there']],
  [
    'a precondition',
    { preconditions: [{ name: 'nft', state: 'failed', explanation: 'no nft', hint: '' }] },
    ['no nft'],
  ],
  [
    'a quarantine',
    {
      quarantined: [
        {
          policySet: 'in_1',
          direction: 'ingress',
          policies: ['a/NetworkPolicy/b'],
          pods: ['a/c'],
          reason: 'no',
          since: 0,
        },
      ],
    },
    ['the kernel refuses a/NetworkPolicy/b; its pods are denied ingress: no'],
  ],
  [
    'a policy nobody understands',
    { invalid: [{ object: 'a/NetworkPolicy/b', reason: 'odd', since: 0, effect: 'deny' }] },
    ['a/NetworkPolicy/b is not understood (the pods that it may select are denied): odd'],
  ],
])('%s', (_what, change, reasons) => {
  expect(notReadyReasons({ ...ready, ...change })).toEqual(reasons);
});
