import type { JsonObject } from '../api/json.ts';
import { numberAt } from '../api/field-values.ts';
import { type Clock, pause } from '../../io/kubernetes/clock.ts';
import { type HandlerTarget, runHandler } from './handler.ts';

export interface ProbeReports {
  /** So often in a row as its threshold says. */
  passed(): void;
  /** Likewise; the last message. */
  failed(message: string): void;
  /** Every single failure. */
  missed(message: string): void;
}

/** Probes until the signal is aborted. Never rejects. */
export async function keepProbing(
  probe: JsonObject,
  target: HandlerTarget,
  reports: ProbeReports,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = target;
  const timeoutMs = secondsMs(probe, 'timeoutSeconds', 1);
  const periodMs = secondsMs(probe, 'periodSeconds', 10);
  const enough = count(probe, 'successThreshold', 1);
  const tooMany = count(probe, 'failureThreshold', 3);
  await pauseSeconds(clock, probe, signal);
  let successes = 0;
  let failures = 0;
  while (!signal.aborted) {
    const result = await runHandler(probe, target, timeoutMs);
    if (signal.aborted) return;
    if (result.ok) {
      successes += 1;
      failures = 0;
      if (successes === enough) reports.passed();
    } else {
      successes = 0;
      failures += 1;
      reports.missed(result.message);
      if (failures === tooMany) reports.failed(result.message);
    }
    if (signal.aborted) return;
    await pause(clock, periodMs, signal);
  }
}

async function pauseSeconds(clock: Clock, probe: JsonObject, signal: AbortSignal): Promise<void> {
  const delayMs = (numberAt(probe, 'initialDelaySeconds') ?? 0) * 1000;
  if (delayMs > 0) await pause(clock, delayMs, signal);
}

function secondsMs(probe: JsonObject, name: string, otherwise: number): number {
  return count(probe, name, otherwise) * 1000;
}

function count(probe: JsonObject, name: string, otherwise: number): number {
  return Math.max(1, numberAt(probe, name) ?? otherwise);
}
