/** The runtime of network namespaces, with its DNS server and the world outside. */
import { OperationalError } from '../../io/operational-error.ts';
import { startDnsProcess } from '../dns/dns-process.ts';
import { builtIn } from '../images/built-in.ts';
import type { RuntimeContext } from '../lab-cluster.ts';
import { programScripts } from '../runtime/netns/lab-scripts.ts';
import { type HostProgram, INIT_VARIABLE, NetnsRuntime } from '../runtime/netns/netns-runtime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { renderServices } from '../services/render-services.ts';

/** In the world outside, where every port leads to one of these. */
const WORLD_TCP_PORT = 80;
const WORLD_UDP_PORT = 7;

/** In the process that init has started. */
export function openNetns(
  environment: Readonly<Record<string, string | undefined>>,
): (context: RuntimeContext) => Promise<Runtime> {
  return ({ networks, feed, clock }) => {
    const init = environment[INIT_VARIABLE];
    if (init === undefined)
      throw new OperationalError('lab-failed', 'this program is started by sallyport lab', { exitCode: 4 });
    const programs = programScripts();
    const server = programs.get('echo-server');
    return NetnsRuntime.start({
      networks,
      init,
      programs,
      hostPrograms: new Map([[builtIn('coredns'), dnsProgram({ networks, feed })]]),
      renderServices: (rules, node) => renderServices(rules, node, networks),
      ...(server === undefined
        ? {}
        : {
            world: {
              argv: [
                'perl',
                server,
                'echo-server',
                '--kind',
                'world',
                '--http',
                `${WORLD_TCP_PORT}`,
                '--udp',
                `${WORLD_UDP_PORT}`,
              ],
              tcpPort: WORLD_TCP_PORT,
              udpPort: WORLD_UDP_PORT,
            },
          }),
      now: clock.calendarMs,
    });
  };
}

function dnsProgram({ networks, feed }: Pick<RuntimeContext, 'feed' | 'networks'>): HostProgram {
  return ({ enter }) => startDnsProcess({ enter, networks, attach: (link) => feed.attach(link) });
}
