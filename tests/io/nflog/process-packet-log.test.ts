import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { relayReader, tcpdumpReader, type LogReader } from '../../../src/io/nflog/log-reader.ts';
import type { PacketLogState } from '../../../src/io/nflog/packet-log-source.ts';
import { NetlinkFraming } from '../../../src/io/nflog/netlink-framing.ts';
import { ProcessPacketLog } from '../../../src/io/nflog/process-packet-log.ts';
import { isGroupTaken } from '../../../src/io/nflog/taken-group.ts';
import { FakeClock } from '../kubernetes/fake-clock.ts';
import { ipv4, netlinkPacket, netlinkReady, tcp } from './packets.ts';

const packet = ipv4('10.0.0.1', '10.0.0.2', 6, tcp(40000, 80, 2));
const withSequence = (sequence: number): number[] => netlinkPacket({ packet, sequence });

/** A program in the place of a reader: writes these bytes, these words of complaint, and stays or ends. */
function reader(name: string, bytes: readonly number[], { complaint = '', stays = false } = {}): LogReader {
  const script = `
    process.stdout.write(Buffer.from('${Buffer.from(bytes).toString('hex')}', 'hex'));
    process.stderr.write(${JSON.stringify(complaint)});
    ${stays ? 'process.stdin.resume();' : 'process.exitCode = 1;'}`;
  return { name, group: 5, command: [process.execPath, '-e', script], framing: () => new NetlinkFraming(true) };
}

const missing: LogReader = { ...reader('nobody', []), name: 'nobody', command: ['/nowhere/nobody'] };

/** Starts, and notes everything until a state of the type comes. */
class Listening {
  readonly clock = new FakeClock();
  readonly states: PacketLogState[] = [];
  readonly log: ProcessPacketLog;
  taken = false;
  packets = 0;
  lost = 0;
  private awaited: { readonly type: string; readonly resolve: () => void } | undefined;

  constructor(...readers: [LogReader, ...LogReader[]]) {
    this.log = new ProcessPacketLog({ readers, clock: this.clock, random: () => 0.5, isTaken: () => this.taken });
  }

  start(until: PacketLogState['type'] | 'packet'): Promise<void> {
    const done = this.until(until);
    this.log.start({
      onPacket: () => {
        this.packets++;
        this.seen('packet');
      },
      onLost: (count) => {
        this.lost += count;
      },
      onState: (state) => {
        this.states.push(state);
        this.seen(state.type);
      },
    });
    return done;
  }

  until(type: PacketLogState['type'] | 'packet'): Promise<void> {
    return new Promise((resolve) => {
      this.awaited = { type, resolve };
    });
  }

  private seen(type: string): void {
    if (this.awaited?.type === type) this.awaited.resolve();
  }

  get last(): PacketLogState | undefined {
    return this.states.at(-1);
  }
}

let listening: Listening | undefined;
afterEach(() => listening?.log.stop());

describe('reading the packet log by another program', () => {
  it('says when it reads, passes packets on, and counts what was lost', async () => {
    const bytes = [...netlinkReady, ...[0xfffffffe, 0xffffffff, 0, 3].flatMap(withSequence)];
    listening = new Listening(reader('one', bytes, { stays: true }));
    await listening.start('packet');
    expect(listening.states).toEqual([
      { type: 'starting', reader: 'one' },
      { type: 'reading', reader: 'one' },
    ]);
    expect([listening.packets, listening.lost]).toEqual([4, 2]);
    listening.log.stop();
    expect(listening.last).toEqual({ type: 'stopped' });
  });

  it('starts a reader that ended again, later and later', async () => {
    listening = new Listening(reader('one', netlinkReady, { complaint: 'the disk is on fire' }));
    await listening.start('waiting');
    expect(listening.last).toEqual({
      type: 'waiting',
      failure: 'reader-ended',
      message: 'the packet log cannot be read: one ended with 1: the disk is on fire',
      hint: '',
      retryMs: 250,
    });
    const again = listening.until('waiting');
    listening.clock.advance(250);
    await again;
    expect(listening.last).toMatchObject({ retryMs: 500 });
  });

  it('begins with short pauses again when a reader lived long', async () => {
    listening = new Listening(reader('one', netlinkReady));
    await listening.start('waiting');
    for (const [livedMs, retryMs] of [
      [0, 500],
      [59_000, 1000],
      [61_000, 250],
    ] as const) {
      const starting = listening.until('reading');
      listening.clock.advance(listening.clock.delays[0] ?? 0);
      await starting;
      const waiting = listening.until('waiting');
      listening.clock.advance(livedMs);
      await waiting;
      expect(listening.last).toMatchObject({ retryMs });
    }
  });

  it('tries the next program when one is missing or may not', async () => {
    const forbidden = reader('two', [], { complaint: 'configure: Operation not permitted' });
    listening = new Listening(missing, forbidden, reader('three', netlinkReady, { stays: true }));
    await listening.start('reading');
    expect(listening.states.map((state) => ('reader' in state ? `${state.type} ${state.reader}` : state.type))).toEqual(
      ['starting nobody', 'starting two', 'starting three', 'reading three'],
    );
  });

  it.each<[string, [LogReader, ...LogReader[]], object]>([
    [
      'all are missing',
      [missing, { ...missing, command: ['/nowhere/somebody'] }],
      {
        failure: 'reader-missing',
        message: 'the packet log cannot be read: there is no /nowhere/nobody, there is no /nowhere/somebody',
        hint: 'Install perl or tcpdump. Policies are enforced all the same.',
      },
    ],
    [
      'one may not and the other is missing',
      [reader('two', [], { complaint: 'Operation not permitted' }), missing],
      {
        failure: 'reader-not-permitted',
        message: 'the packet log cannot be read: two ended with 1: Operation not permitted',
      },
    ],
    [
      'it writes nonsense',
      [reader('one', [...Buffer.from('this is not netlink')], { stays: true })],
      { failure: 'reader-garbled', message: expect.stringContaining('one wrote a netlink message of') as string },
    ],
  ])('%s', async (_name, readers, expected) => {
    listening = new Listening(...readers);
    await listening.start('waiting');
    expect(listening.last).toMatchObject(expected);
  });

  it('says when another program reads the group, and does not look for a program that could', async () => {
    listening = new Listening(reader('one', [], { complaint: 'configure: Operation not permitted' }), missing);
    listening.taken = true;
    await listening.start('waiting');
    expect(listening.last).toMatchObject({
      failure: 'group-busy',
      message: 'the packet log cannot be read: another program reads group 5',
    });
  });

  it('does nothing after it was stopped', async () => {
    listening = new Listening(missing);
    await listening.start('waiting');
    listening.log.stop();
    const { length } = listening.states;
    listening.clock.advance(100_000);
    expect(listening.clock.delays).toEqual([]);
    expect(listening.states).toHaveLength(length);
  });
});

describe('a group that somebody reads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-nflog-'));
  const table = join(folder, 'nfnetlink_log');
  writeFileSync(table, '    7   8827     0 2   192    100  1\n   50   8828     0 2   192    100  1\n');
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  it('is in the list of the kernel', () => {
    expect([7, 50, 5, 8827].map((group) => isGroupTaken(group, table))).toEqual([true, true, false, false]);
    expect(isGroupTaken(7, join(folder, 'nothing'))).toBe(false);
  });
});

describe('the readers', () => {
  it('are told the group', () => {
    expect(tcpdumpReader(12).command).toContain('nflog:12');
    expect(relayReader(12).command.slice(-2)).toEqual(['12', '192']);
  });
});
