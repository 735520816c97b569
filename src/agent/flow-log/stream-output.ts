import type { Writable } from 'node:stream';
import { MAX_WAITING_BYTES, type FlowOutput } from './flow-output.ts';

/** Standard output, or what stands in its place. */
export class StreamOutput implements FlowOutput {
  private readonly stream: Writable;

  constructor(stream: Writable) {
    this.stream = stream;
    // Whoever read it may have gone away: that must not end the agent.
    stream.on('error', () => undefined);
  }

  write(line: string): boolean {
    const { stream } = this;
    if (!stream.writable || stream.writableLength > MAX_WAITING_BYTES) return false;
    stream.write(line);
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
