/**
 * The DNS server as a process of its own: told what to do over the channel to its parent, and ending with it. An entry of
 * the bundle, so it imports as little as there is.
 */
import { DnsServer } from './dns-server.ts';
import type { FromDnsServer, ToDnsServer } from './dns-link.ts';
import { Zone } from './zone.ts';

let zone: Zone | undefined;

function tell(message: FromDnsServer): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

async function start({ networks, addresses, port }: Extract<ToDnsServer, { type: 'start' }>): Promise<void> {
  zone = new Zone(networks);
  try {
    tell({ type: 'listening', port: await new DnsServer(zone).listen({ addresses, port }) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`dns: ${message}\n`);
    process.exitCode = 1;
    process.send?.({ type: 'failed', message } satisfies FromDnsServer, undefined, undefined, () => process.exit(1));
  }
}

process.on('message', (message: ToDnsServer) => {
  if (message.type === 'start') {
    void start(message);
    return;
  }
  if (message.whole) zone?.clear();
  zone?.apply(message.changes);
  tell({ type: 'applied', version: message.version });
});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
if (process.send === undefined) {
  process.stderr.write('dns: this program is started by the lab\n');
  process.exitCode = 2;
}
