import type { SimConnection } from '../sim-network.ts';
import type { SimProcess } from '../sim-process.ts';
import type { NameFailure } from '../sim-names.ts';

/** Nobody shall wait for packets that were never sent; but something is to be felt of a connection that is dropped. */
const LONGEST_WAIT_MS = 1000;

/** As long as the program would wait for an answer, shortened to a second. */
export async function waitInVain(process: SimProcess, limitMs: number | undefined): Promise<void> {
  await process.sleep(Math.min(LONGEST_WAIT_MS, limitMs ?? LONGEST_WAIT_MS));
}

export type Missed = Exclude<SimConnection['outcome'], 'connected'> | NameFailure;

/** `5`, `0.5`, `2s`, `1m`, `infinity`; `undefined` for what is no time. */
export function milliseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === 'infinity' || text === 'inf') return Number.POSITIVE_INFINITY;
  const match = /^([0-9]{0,9}(?:\.[0-9]{0,9})?)(ms|s|m|h|d)?$/.exec(text);
  if (match === null || match[1] === '' || match[1] === '.') return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] ?? 's'] ?? 1000;
  return Number(match[1]) * unit;
}

/** An hour at a time: timers do not go on for ever. */
export async function sleepFor(process: SimProcess, ms: number): Promise<void> {
  const hour = 3_600_000;
  for (let left = ms; left > 0 && !process.signal.aborted; left -= hour) await process.sleep(Math.min(left, hour));
}
