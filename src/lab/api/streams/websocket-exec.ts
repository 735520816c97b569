import type { WebSocket } from 'ws';
import type { ExecSession } from '../../runtime/exec-session.ts';
import type { ChannelProtocol } from './channel-protocol.ts';
import type { ExecQuery } from './exec-query.ts';
import { exitStatus, statusText } from './exec-status.ts';
import { relay } from './relay.ts';
import { parseTerminalSize } from './terminal-size.ts';
import { WebSocketChannels } from './websocket-channels.ts';

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/**
 * Talks for a session over a WebSocket until either is over. The session is closed by whoever notices that the socket is.
 */
export async function execOverWebSocket(
  socket: WebSocket,
  protocol: ChannelProtocol,
  session: ExecSession,
  query: ExecQuery,
  action: 'exec' | 'attach',
): Promise<void> {
  const channels = new WebSocketChannels(socket, protocol.base64, {
    message: (channel, payload) => {
      if (channel !== CHANNEL.resize || !query.tty) return;
      const size = parseTerminalSize(payload.toString('latin1'));
      if (size !== undefined) session.resize(size.columns, size.rows);
    },
    closed: () => {},
  });
  const exit = await relay(session, {
    stdin: query.stdin ? channels.readable(CHANNEL.stdin) : undefined,
    stdout: query.stdout ? channels.writable(CHANNEL.stdout) : undefined,
    stderr: query.stderr ? channels.writable(CHANNEL.stderr) : undefined,
  });
  const text = statusText(exitStatus(exit, action), protocol.statusJson);
  if (text !== '') channels.send(CHANNEL.error, Buffer.from(text));
  channels.close();
}
