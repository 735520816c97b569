import type { JsonObject } from '../json.ts';
import type { ExecExit } from '../../runtime/exec-session.ts';
import { internalError } from './refusal.ts';

/** How a session ended, as it is told on the error channel. */
export function exitStatus(exit: ExecExit, action: 'exec' | 'attach'): JsonObject {
  if (exit.error !== undefined)
    return internalError(
      `error ${action === 'exec' ? 'executing command in' : 'attaching to'} container: ${exit.error}`,
    );
  // Who attaches is told of the streams; how the container ended stands in the status of the pod.
  if (exit.exitCode === 0 || action === 'attach') return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exit.exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exit.exitCode) }] },
  };
}

/** What is written to the error channel: JSON from version 4 on; before, the message of a failure or nothing. */
export function statusText(status: JsonObject, asJson: boolean): string {
  if (asJson) return JSON.stringify(status);
  const message = status['message'];
  return typeof message === 'string' ? message : '';
}
