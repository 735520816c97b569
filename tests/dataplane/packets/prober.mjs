/**
 * Runs inside one network namespace. Answers on the addresses and ports that it is told, and tries connections; one
 * JSON request a line on stdin, one JSON answer a line on stdout.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import readline from 'node:readline';

const atOnce = 400;
/** @type {{ close(): void }[]} */
let servers = [];

/** @param {string} address */
const udpType = (address) => (address.includes(':') ? 'udp6' : 'udp4');

/** How often a stream sends. */
const periodMs = 4;
/** On this port the server talks without being asked. */
const talkingPort = 7000;

/** @param {net.Socket} socket */
function answer(socket) {
  socket.on('error', () => undefined);
  if (socket.localPort !== talkingPort) {
    socket.pipe(socket);
    return;
  }
  const timer = setInterval(() => socket.write('.'), periodMs);
  socket.on('close', () => clearInterval(timer)).resume();
}

/** @param {{ addresses: string[], tcp: number[], udp: number[] }} request */
async function serve({ addresses, tcp, udp }) {
  for (const server of servers) server.close();
  servers = [];
  const ready = [];
  for (const host of addresses) {
    for (const port of tcp) {
      const server = net.createServer(answer);
      ready.push(
        new Promise((resolve, reject) => server.on('error', reject).listen({ host, port }, () => resolve(true))),
      );
      servers.push(server);
    }
    for (const port of udp) {
      const socket = dgram.createSocket(udpType(host));
      socket.on('message', (message, from) => socket.send(message, from.port, from.address));
      ready.push(new Promise((resolve, reject) => socket.on('error', reject).bind(port, host, () => resolve(true))));
      servers.push(socket);
    }
  }
  await Promise.all(ready);
  return true;
}

/** @typedef {{ from: string, to: string, protocol: 'TCP' | 'UDP', port: number }} Probe */

/** @param {Probe} probe @param {number} timeoutMs @returns {Promise<string>} */
function tcpProbe({ from, to, port }, timeoutMs) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: to, port, localAddress: from });
    const end = (/** @type {string} */ result) => {
      clearTimeout(timer);
      socket.resetAndDestroy();
      resolve(result);
    };
    const timer = setTimeout(() => end('timeout'), timeoutMs);
    socket.on('connect', () => end('open'));
    socket.on('error', (error) => end(/** @type {{ code?: string }} */ (error).code ?? error.message));
  });
}

/** @param {Probe} probe @param {number} timeoutMs @returns {Promise<string>} */
function udpProbe({ from, to, port }, timeoutMs) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(udpType(from));
    const end = (/** @type {string} */ result) => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => end('timeout'), timeoutMs);
    socket.on('message', () => end('open'));
    socket.on('error', (error) => end(error.message));
    socket.bind(0, from, () => socket.send('?', port, to));
  });
}

/** @param {{ probes: Probe[], timeoutMs: number }} request */
async function probe({ probes, timeoutMs }) {
  /** @type {string[]} */
  const results = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < probes.length; at = next++) {
      const each = probes[at];
      if (each !== undefined) results[at] = await (each.protocol === 'TCP' ? tcpProbe : udpProbe)(each, timeoutMs);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, probes.length) }, worker));
  return results;
}

/**
 * Flows that stay: the client sends every few milliseconds and counts what comes back, with the time of the last of it.
 * @type {Map<string, { received: number, lastAtMs: number, end(): void }>}
 */
const streams = new Map();

/** @param {{ name: string, from: string, to: string, protocol: 'TCP' | 'UDP', port: number }} request */
function open({ name, from, to, protocol, port }) {
  return new Promise((resolve) => {
    const stream = { received: 0, lastAtMs: 0, end: () => undefined };
    const got = () => {
      stream.received += 1;
      stream.lastAtMs = Date.now();
      resolve(true);
    };
    setTimeout(() => resolve(false), 2000);
    streams.set(name, stream);
    if (protocol === 'UDP') {
      const socket = dgram.createSocket(udpType(from));
      socket.on('message', got).on('error', () => resolve(false));
      const timer = setInterval(() => socket.send('.', port, to), periodMs);
      socket.bind(0, from);
      stream.end = () => {
        clearInterval(timer);
        socket.close();
      };
      return;
    }
    const socket = net.connect({ host: to, port, localAddress: from });
    socket.on('data', got).on('error', () => resolve(false));
    const timer = setInterval(() => port !== talkingPort && socket.write('.'), periodMs);
    socket.on('close', () => clearInterval(timer));
    stream.end = () => {
      clearInterval(timer);
      socket.resetAndDestroy();
    };
  });
}

/** @param {{ name: string }} request */
function watch({ name }) {
  const stream = streams.get(name);
  return stream === undefined ? undefined : { received: stream.received, lastAtMs: stream.lastAtMs };
}

/** @param {{ name: string }} request */
function close({ name }) {
  streams.get(name)?.end();
  return streams.delete(name);
}

/** @type {Record<string, ((request: never) => unknown) | undefined>} */
const commands = { serve, probe, open, watch, close };

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, command, request } = /** @type {{ id: number, command: string, request: never }} */ (JSON.parse(line));
  Promise.resolve(commands[command]?.(request)).then(
    (result) => process.stdout.write(`${JSON.stringify({ id, result })}\n`),
    (/** @type {unknown} */ error) => process.stdout.write(`${JSON.stringify({ id, error: String(error) })}\n`),
  );
});
process.stdin.on('end', () => process.exit(0));
