/** Finds out once for all files whether packets can be sent. */
import type { TestProject } from 'vitest/node';
import { mayBeSkipped, whyNoPackets } from './requirements.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Empty: they can. */
    readonly whyNoPackets: string;
  }
}

export function setup(project: TestProject): void {
  const why = whyNoPackets() ?? '';
  if (why !== '' && mayBeSkipped) process.stderr.write(`\nTests with real packets are skipped: ${why}\n\n`);
  project.provide('whyNoPackets', why);
}
