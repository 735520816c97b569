/** The lab's end of the channel to its launcher: a cluster in this process, driven by messages. */
import type { Server } from 'node:net';
import type { Clock } from '../../io/kubernetes/clock.ts';
import { OperationalError } from '../../io/operational-error.ts';
import { LabCluster, type RuntimeContext } from '../lab-cluster.ts';
import type { StartAgents } from '../node-agents.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { FromLab, LabReports, ToLab } from './protocol.ts';

export interface LabChannel {
  send(message: FromLab): void;
  onMessage(listener: (message: ToLab, listener: Server | undefined) => void): void;
  /** The launcher is gone. */
  onEnd(listener: () => void): void;
}

export interface ServeLabOptions {
  readonly channel: LabChannel;
  readonly openRuntime: (context: RuntimeContext) => Promise<Runtime>;
  /** Denied connections go to `onFlow` when the settings ask for it. */
  readonly startAgents: (flowLog: boolean, onFlow: (line: string) => void) => StartAgents;
  readonly clock: Clock;
}

/** Resolves when the lab has ended, with the exit code of the process. */
export function serveLab({ channel, openRuntime, startAgents, clock }: ServeLabOptions): Promise<number> {
  let cluster: LabCluster | undefined;
  const reports: LabReports = {
    onProgress: (text) => channel.send({ type: 'progress', text }),
    onRemark: (text) => channel.send({ type: 'remark', text }),
    onFlow: (line) => channel.send({ type: 'flow', line }),
  };
  return new Promise((resolve) => {
    const end = async (exitCode: number): Promise<void> => {
      await cluster?.stop();
      resolve(exitCode);
    };
    const fail = (error: unknown): void => {
      const { message, hint } = wordsOf(error);
      channel.send({ type: 'failed', message, hint });
      void end(4);
    };
    const start = async ({ settings }: Extract<ToLab, { type: 'start' }>, listener: Server | undefined) => {
      if (listener === undefined || cluster !== undefined) throw new Error('the launcher must start it once');
      cluster = await LabCluster.start({
        settings,
        listener,
        openRuntime,
        startAgents: startAgents(settings.flowLog, (line) => reports.onFlow(line)),
        clock,
        reports,
      });
      cluster.broken.catch(fail);
      channel.send({ type: 'started' });
    };
    const call = async (id: number, work: (lab: LabCluster) => Promise<FromLab>): Promise<void> => {
      try {
        if (cluster === undefined) throw new Error('the lab is not started');
        channel.send(await work(cluster));
      } catch (error) {
        channel.send({ type: 'call-failed', id, message: wordsOf(error).message });
      }
    };
    channel.onMessage((message, listener) => {
      switch (message.type) {
        case 'start':
          start(message, listener).catch(fail);
          return;
        case 'apply': {
          const { id, objects } = message;
          void call(id, async (lab) => ({ type: 'applied', id, result: await lab.apply(objects) }));
          return;
        }
        case 'when-ready': {
          const { id, timeoutMs } = message;
          void call(id, async (lab) => ({ type: 'ready', id, readiness: await lab.whenReady(timeoutMs) }));
          return;
        }
        case 'stop':
          void end(0);
      }
    });
    channel.onEnd(() => void end(0));
    channel.send({ type: 'hello' });
  });
}

function wordsOf(error: unknown): { readonly message: string; readonly hint: string | undefined } {
  if (error instanceof OperationalError) return { message: error.message, hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  const debug = process.env['SALLYPORT_DEBUG'] ?? '';
  return { message: debug !== '' && error instanceof Error ? (error.stack ?? message) : message, hint: undefined };
}
