// The lab as a process of its own, inside the namespaces that `sallyport lab` has made. Started by nobody else.
import type { Server } from 'node:net';
import { systemClock } from '../io/kubernetes/clock.ts';
import { openNetns } from '../lab/launch/open-netns.ts';
import type { FromLab, ToLab } from '../lab/launch/protocol.ts';
import { serveLab } from '../lab/launch/serve-lab.ts';
import { labAgents } from './lab/agents.ts';

if (process.send === undefined) {
  process.stderr.write('error: this program is started by sallyport lab\n');
  process.exit(2);
}
// Both go to the whole terminal; what they mean is for the launcher to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const exitCode = await serveLab({
  channel: {
    send: (message: FromLab) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
    },
    onMessage: (listener) =>
      process.on('message', (message, handle) => listener(message as ToLab, handle as Server | undefined)),
    onEnd: (listener) => process.once('disconnect', listener),
  },
  openRuntime: (context) => openNetns(process.env)(context),
  startAgents: (flowLog, onFlow) =>
    labAgents(
      flowLog
        ? {
            write: (line) => {
              onFlow(line);
              return true;
            },
            close: () => Promise.resolve(),
          }
        : undefined,
    ),
  clock: systemClock,
});
process.exit(exitCode);
