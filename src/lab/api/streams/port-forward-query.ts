import { badRequest } from '../status-error.ts';

const MAX_PORTS = 64;
const MAX_PORT = 65_535;

/** 1 to 65535, or `undefined`. */
export function readPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= MAX_PORT ? port : undefined;
}

/**
 * The ports of a WebSocket of channels: `ports=80&ports=443` or `ports=80,443`.
 *
 * @throws StatusError
 */
export function readPorts(query: URLSearchParams): readonly number[] {
  const texts = query.getAll('ports');
  if (texts.length === 0) throw badRequest('query parameter "ports" is required');
  const ports = texts.flatMap((text) => {
    if (text === '') throw badRequest('query parameter "ports" cannot be empty');
    return text.split(',').map((part) => {
      const port = readPort(part);
      if (port === undefined) throw badRequest(`unable to parse ${JSON.stringify(text)} as a port`);
      return port;
    });
  });
  // Two channels a port, and a channel is one byte, of which 255 means something else.
  if (ports.length > MAX_PORTS) throw badRequest(`at most ${MAX_PORTS} ports can be forwarded at once`);
  return ports;
}
