/** One namespace and the process in it that answers and tries for everybody who lives there. */
import { fileURLToPath } from 'node:url';
import { Conversation } from './conversation.ts';
import type { Namespace } from './namespaces.ts';

export type ProbedProtocol = 'TCP' | 'UDP' | 'SCTP' | 'other';

export interface Probe {
  readonly id: number;
  readonly from: string;
  readonly to: string;
  readonly protocol: ProbedProtocol;
  readonly port: number;
  /** An answer is expected: without one the probe takes its whole time. */
  readonly awaited: boolean;
}

const proberPath = fileURLToPath(new URL('./prober.mjs', import.meta.url));

export class Place extends Conversation {
  constructor(namespace: Namespace) {
    super(namespace, proberPath);
  }
}
