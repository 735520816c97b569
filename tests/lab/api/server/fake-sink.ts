import type { WatchSink } from '../../../../src/lab/api/server/watch.ts';
import type { JsonObject } from '../../../../src/lab/api/json.ts';

/** What a watch said, and a reader that may stop reading. */
export class FakeSink implements WatchSink {
  text = '';
  isFull = false;
  state: 'destroyed' | 'ended' | 'open' = 'open';
  #drain: (() => void) | undefined;

  write(text: string): boolean {
    this.text += text;
    return !this.isFull;
  }

  onDrain(action: () => void): void {
    this.#drain = action;
  }

  end(): void {
    this.state = 'ended';
  }

  destroy(): void {
    this.state = 'destroyed';
  }

  readAgain(): void {
    this.isFull = false;
    this.#drain?.();
  }

  /** The lines since the last call. */
  take(): readonly { readonly type: string; readonly object: JsonObject }[] {
    const lines = this.text.split('\n').filter((line) => line !== '');
    this.text = '';
    return lines.map((line) => JSON.parse(line) as { type: string; object: JsonObject });
  }
}
