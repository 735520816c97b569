import type { AgentStatus } from '../../../src/agent/status.ts';

/** Of an agent that is well. */
export function statusOf(more: Partial<AgentStatus> = {}): AgentStatus {
  return {
    node: 'node-1',
    table: 'sallyport',
    version: '1.2.3',
    startedAt: Date.parse('2026-01-01T00:00:00Z'),
    phase: 'enforcing',
    kinds: [
      {
        kind: 'Pod',
        apiVersion: 'v1',
        phase: 'watching',
        synced: true,
        objects: 42,
        relists: 0,
        lastEventAgeMs: 1500,
        lastError: undefined,
      },
    ],
    api: { reachable: true, since: 0 },
    tablePresent: true,
    lastApply: { ok: true, at: 0, error: undefined },
    generation: 7,
    counts: { sets: 1, elements: 2, chains: 3, rules: 4 },
    quarantined: [],
    preconditions: [{ name: 'nft', state: 'ok', explanation: 'nft works', hint: '' }],
    driftRepairs: 0,
    invalid: [],
    invalidCount: 0,
    remarks: [],
    ...more,
  };
}
