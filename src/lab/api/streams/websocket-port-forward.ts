import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import type { PodStreams } from '../../pod-streams.ts';
import type { ChannelProtocol } from './channel-protocol.ts';
import type { StreamRoute } from './exec-query.ts';
import { forwardFailure } from './forward-failure.ts';
import { WebSocketChannels } from './websocket-channels.ts';

/** One connection a port, each with a channel for data and one for what went wrong, until all are over. Never rejects. */
export async function forwardOverWebSocket(
  socket: WebSocket,
  protocol: ChannelProtocol,
  pods: PodStreams,
  { namespace, pod }: StreamRoute,
  ports: readonly number[],
): Promise<void> {
  let open = true;
  const connections = new Set<Duplex>();
  const channels = new WebSocketChannels(socket, protocol.base64, {
    message: () => {},
    closed: () => {
      open = false;
      for (const connection of connections) connection.destroy();
    },
  });
  const forward = async (port: number, index: number): Promise<void> => {
    const [data, failure] = [2 * index, 2 * index + 1];
    // Both begin with the port, so that clients see which is which.
    const name = Buffer.alloc(2);
    name.writeUInt16LE(port);
    channels.send(data, name);
    channels.send(failure, name);
    const fromClient = channels.readable(data);
    try {
      const connection = await pods.portForward({ namespace, pod }, port);
      connections.add(connection);
      connection.on('error', () => {});
      if (open) {
        fromClient.pipe(connection);
        // What ends the connection is not told apart: these channels cannot be closed one by one.
        await pipeline(connection, channels.writable(data)).catch(() => {});
      }
      connections.delete(connection);
      connection.destroy();
    } catch (error) {
      channels.send(failure, Buffer.from(forwardFailure(port, pod, error)));
    }
    fromClient.destroy();
  };
  await Promise.all(ports.map(forward));
  channels.close();
}
