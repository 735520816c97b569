/**
 * Runs inside one network namespace and stands for everybody who lives there. Answers on every address, and tries
 * connections from any; one JSON request a line on stdin, one JSON answer a line on stdout.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import readline from 'node:readline';
import { RawPackets } from './raw-packets.mjs';
import { Traffic } from './traffic.mjs';

const backlog = 4000;
/** Connections that are being made at the same time. */
const atOnce = 256;
/** How often a stream sends. */
const periodMs = 4;
/** On this port the server talks without being asked. */
const talkingPort = 7000;

/** @param {string} address */
const udpType = (address) => (address.includes(':') ? 'udp6' : 'udp4');

/** @type {Map<string, net.Server>} */
const tcpServers = new Map();
/** @type {Map<string, dgram.Socket>} */
const udpServers = new Map();
const raw = new RawPackets();
const traffic = new Traffic();

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

/** @param {string} host @param {number} port */
function serveTcp(host, port) {
  const server = net.createServer(answer);
  tcpServers.set(`${host} ${port}`, server);
  return new Promise((resolve, reject) => {
    server.on('error', reject).listen({ host, port, backlog, ipv6Only: true }, () => resolve(true));
  });
}

/** @param {string} host @param {number} port */
function serveUdp(host, port) {
  const socket = dgram.createSocket(udpType(host));
  udpServers.set(`${host} ${port}`, socket);
  // An answer to somebody who is gone comes back as an error.
  socket.on('message', (message, from) => {
    traffic.take(message);
    socket.send(message, from.port, from.address, () => undefined);
  });
  return new Promise((resolve, reject) => socket.once('error', reject).bind(port, host, () => resolve(true)));
}

/**
 * TCP is answered on every address that packets arrive for; UDP on these, since an answer must come from the address
 * that was asked.
 * @param {{ addresses: string[], tcp: number[], udp: number[] }} request
 */
async function serve({ addresses, tcp, udp }) {
  const ready = [];
  for (const host of ['0.0.0.0', '::']) {
    for (const port of tcp) if (!tcpServers.has(`${host} ${port}`)) ready.push(serveTcp(host, port));
  }
  const wanted = new Set(addresses.flatMap((host) => udp.map((port) => `${host} ${port}`)));
  for (const [name, socket] of udpServers) {
    if (wanted.has(name)) continue;
    socket.close();
    udpServers.delete(name);
  }
  for (const host of new Set(addresses)) {
    for (const port of udp) if (!udpServers.has(`${host} ${port}`)) ready.push(serveUdp(host, port));
  }
  await Promise.all(ready);
  return true;
}

/**
 * @typedef {{ id: number, from: string, to: string, protocol: 'TCP' | 'UDP' | 'SCTP' | 'other', port: number,
 *   awaited: boolean }} Probe
 */

/** What became of each probe of this batch, and how to end it. */
/** @type {Map<number, string>} */
let results = new Map();
/** @type {(() => void)[]} */
let endings = [];

/** Resolves when the connection stands or is refused. @param {Probe} probe */
function tryTcp({ id, from, to, port }) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: to, port, localAddress: from });
    const end = (/** @type {string} */ result) => {
      results.set(id, result);
      socket.resetAndDestroy();
      resolve(true);
    };
    socket.on('connect', () => end('open'));
    socket.on('error', (error) => end(/** @type {{ code?: string }} */ (error).code ?? error.message));
    endings.push(() => socket.destroy());
  });
}

/** One socket for each address; an answer says what it answers. @param {Probe[]} probes @param {(id: number) => void} got */
async function tryUdp(probes, got) {
  /** @type {Map<string, dgram.Socket>} */
  const sockets = new Map();
  for (const { from } of probes) {
    if (sockets.has(from)) continue;
    const socket = dgram.createSocket({ type: udpType(from), recvBufferSize: 1 << 20 });
    sockets.set(from, socket);
    endings.push(() => socket.close());
    await new Promise((resolve, reject) => socket.once('error', reject).bind(0, from, () => resolve(true)));
    // A port that nobody listens on.
    socket.on('error', () => undefined);
    socket.on('message', (message) => {
      const id = Number(message.toString());
      results.set(id, 'open');
      got(id);
    });
  }
  let sent = 0;
  for (const { id, from, to, port } of probes) {
    sockets.get(from)?.send(String(id), port, to, () => undefined);
    // Neither more than a socket holds, nor more than the kernel queues.
    if (++sent % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Tries everything once and resolves when all that is awaited has been answered, or the time is over.
 * @param {{ probes: Probe[], timeoutMs: number }} request
 */
async function probe({ probes, timeoutMs }) {
  results = new Map();
  endings = [];
  const waiting = new Set(probes.filter(({ awaited }) => awaited).map(({ id }) => id));
  /** @type {() => void} */
  let done = () => undefined;
  const all = new Promise((resolve) => (done = () => resolve(true)));
  const got = (/** @type {number} */ id) => {
    waiting.delete(id);
    if (waiting.size === 0) done();
  };
  const timer = setTimeout(done, timeoutMs);
  if (waiting.size === 0) done();
  // What is awaited by nobody is only sent.
  const tcp = probes.filter(({ protocol }) => protocol === 'TCP');
  for (const each of tcp) if (!each.awaited) void tryTcp(each);
  await raw.send(probes.filter(({ protocol }) => protocol === 'SCTP' || protocol === 'other'));
  await tryUdp(
    probes.filter(({ protocol }) => protocol === 'UDP'),
    got,
  );
  const awaited = tcp.filter(({ awaited }) => awaited);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < awaited.length; at = next++) {
      const each = awaited[at];
      if (each === undefined) return;
      await tryTcp(each);
      got(each.id);
    }
  };
  void Promise.all(Array.from({ length: Math.min(atOnce, awaited.length) }, worker));
  await all;
  clearTimeout(timer);
  return true;
}

/**
 * What everything came to that has been answered by now; the rest is given up. Of packets without sockets only the other
 * end knows.
 */
async function settle() {
  // What has arrived already is read first.
  await new Promise((resolve) => setTimeout(resolve, 2));
  for (const end of endings) end();
  endings = [];
  return [...results];
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
      stream.lastAtMs = performance.timeOrigin + performance.now();
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
const commands = {
  serve,
  probe,
  settle,
  arrived: () => raw.takeArrived(),
  open,
  watch,
  close,
  traffic: (/** @type {Parameters<Traffic['start']>[0]} */ request) => traffic.start(request),
  'end-traffic': () => traffic.stop(),
  'traffic-report': () => traffic.report(),
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, command, request } = /** @type {{ id: number, command: string, request: never }} */ (JSON.parse(line));
  Promise.resolve(commands[command]?.(request)).then(
    (result) => process.stdout.write(`${JSON.stringify({ id, result })}\n`),
    (/** @type {unknown} */ error) => process.stdout.write(`${JSON.stringify({ id, error: String(error) })}\n`),
  );
});
process.stdin.on('end', () => process.exit(0));
