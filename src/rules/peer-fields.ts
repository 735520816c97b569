import type { Direction } from '../engine/policy-rules.ts';

/** Under which field a rule of a direction lists its peers. */
export const peerFields = { ingress: 'from', egress: 'to' } as const satisfies Record<Direction, string>;
