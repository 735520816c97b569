import { spawn } from 'node:child_process';
import { Backoff } from '../kubernetes/backoff.ts';
import { systemClock, type Clock } from '../kubernetes/clock.ts';
import { systemErrorCode, systemErrorReason } from '../system-error.ts';
import { parseLogMessage } from './log-message.ts';
import type { LogReader } from './log-reader.ts';
import type { PacketLogFailure, PacketLogListener, PacketLogSource } from './packet-log-source.ts';
import { isGroupTaken } from './taken-group.ts';

export interface ProcessPacketLogOptions {
  /** In order of preference: when one is missing or not permitted, the next is tried. */
  readonly readers: readonly [LogReader, ...LogReader[]];
  readonly clock?: Clock;
  /** 0 <= x < 1 */
  readonly random?: () => number;
  /** Whether some program reads the group already. */
  readonly isTaken?: (group: number) => boolean;
}

const MAX_ERROR_TEXT = 2048;
/** A reader that lived this long was well; what ended it is a new matter. */
const WELL_AFTER_MS = 60_000;

/** The packet log, read by another program that is started again when it ends. */
export class ProcessPacketLog implements PacketLogSource {
  private readonly readers: readonly [LogReader, ...LogReader[]];
  private readonly clock: Clock;
  private readonly backoff: Backoff;
  private readonly isTaken: (group: number) => boolean;
  private listener: PacketLogListener | undefined;
  private endReader: (() => void) | undefined;
  private cancelRetry: (() => void) | undefined;

  constructor({ readers, clock = systemClock, random = Math.random, isTaken = isGroupTaken }: ProcessPacketLogOptions) {
    this.readers = readers;
    this.isTaken = isTaken;
    this.clock = clock;
    this.backoff = new Backoff({ baseMs: 500, capMs: 30_000, random });
  }

  start(listener: PacketLogListener): void {
    this.stop();
    this.listener = listener;
    this.run(0, []);
  }

  stop(): void {
    const { listener } = this;
    this.listener = undefined;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    this.endReader?.();
    this.endReader = undefined;
    listener?.onState({ type: 'stopped' });
  }

  /** @param before why the readers before this one cannot run */
  private run(index: number, before: readonly ReaderEnd[]): void {
    const { listener } = this;
    if (listener === undefined) return;
    const reader = this.readers[index] ?? this.readers[0];
    listener.onState({ type: 'starting', reader: reader.name });
    const startedMs = this.clock.nowMs();
    this.endReader = runReader(reader, listener, (told) => {
      if (this.listener !== listener) return;
      this.endReader = undefined;
      const end = this.sayWhoHasIt(told, reader);
      const cannotRun = end.failure === 'reader-missing' || end.failure === 'reader-not-permitted';
      if (cannotRun && index + 1 < this.readers.length) {
        this.run(index + 1, [...before, end]);
        return;
      }
      if (this.clock.nowMs() - startedMs >= WELL_AFTER_MS) this.backoff.reset();
      const retryMs = this.backoff.next();
      const ends = [...before, end];
      // A reader that is there and fails says more than one that is not there.
      const shown = ends.find(({ failure }) => failure !== 'reader-missing') ?? end;
      listener.onState({
        type: 'waiting',
        failure: shown.failure,
        message: `the packet log cannot be read: ${shown === end && shown.failure === 'reader-missing' ? ends.map(({ detail }) => detail).join(', ') : shown.detail}`,
        hint: HINTS[shown.failure],
        retryMs,
      });
      this.cancelRetry = this.clock.after(retryMs, () => this.run(0, []));
    });
  }

  /** The kernel refuses a second reader in the same words as one without privileges. */
  private sayWhoHasIt(end: ReaderEnd, { group }: LogReader): ReaderEnd {
    if (end.failure !== 'reader-not-permitted' || !this.isTaken(group)) return end;
    return { failure: 'group-busy', detail: `another program reads group ${group}` };
  }
}

interface ReaderEnd {
  readonly failure: PacketLogFailure;
  readonly detail: string;
}

const HINTS: Readonly<Record<PacketLogFailure, string>> = {
  'reader-missing': 'Install perl or tcpdump. Policies are enforced all the same.',
  'reader-not-permitted': 'Give the agent CAP_NET_ADMIN (tcpdump as root needs CAP_SETGID too).',
  'group-busy': 'End the other program (an agent that was killed?), or choose another group.',
  'reader-garbled': '',
  'reader-ended': '',
};

/** @returns what ends the reader; `onEnd` is not called then */
function runReader(reader: LogReader, listener: PacketLogListener, onEnd: (end: ReaderEnd) => void): () => void {
  const [program, ...args] = reader.command;
  // The reader's input is never written to: that it ends tells the reader that we did.
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const framing = reader.framing();
  let over = false;
  let errorText = '';
  let expected: number | undefined;
  const end = (failure: PacketLogFailure, detail: string): void => {
    if (over) return;
    over = true;
    child.kill('SIGKILL');
    onEnd({ failure, detail });
  };
  child.stdin.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    if (errorText.length < MAX_ERROR_TEXT) errorText += chunk;
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (over) return;
    const fault = framing.push(chunk, (frame, littleEndian) => {
      if (frame.type === 'ready') {
        listener.onState({ type: 'reading', reader: reader.name });
        return;
      }
      const packet = parseLogMessage(frame.bytes, littleEndian);
      if (packet === undefined) return;
      const { sequence } = packet;
      if (sequence !== undefined) {
        // Unsigned and 32 bits wide, as in the kernel.
        const lost = expected === undefined ? 0 : (sequence - expected) >>> 0;
        expected = (sequence + 1) >>> 0;
        if (lost > 0) listener.onLost(lost);
      }
      listener.onPacket(packet);
    });
    if (fault !== undefined) end('reader-garbled', `${reader.name} wrote ${fault}`);
  });
  child.on('error', (error) => {
    if (systemErrorCode(error) === 'ENOENT') end('reader-missing', `there is no ${program}`);
    else end('reader-ended', `${program}: ${systemErrorReason(error)}`);
  });
  child.on('close', (exitCode, signal) => {
    const reason = errorText.trim().slice(-300);
    const detail = `${reader.name} ended${exitCode === null ? ` by ${signal ?? 'a signal'}` : ` with ${exitCode}`}`;
    const failure = /not permitted|permission/i.test(errorText) ? 'reader-not-permitted' : 'reader-ended';
    end(failure, reason === '' ? detail : `${detail}: ${reason}`);
  });
  return () => {
    over = true;
    child.kill('SIGKILL');
  };
}
