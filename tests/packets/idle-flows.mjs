/**
 * Runs inside one network namespace. Holds connections that are silent until they are told to say something; one JSON
 * request a line on stdin, one JSON answer a line on stdout.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import readline from 'node:readline';

/** @typedef {{ send(): void, end(): void, heard: (() => void) | undefined, failed: string | undefined }} Flow */
/** @type {Map<string, Flow>} */
const flows = new Map();

/**
 * @param {{ name: string, from: string, to: string, protocol: 'TCP' | 'UDP', port: number, timeoutMs: number }} request
 * @returns {Promise<string>}
 */
function connect({ name, from, to, protocol, port, timeoutMs }) {
  return new Promise((resolve) => {
    /** @type {Flow} */
    const flow = { send: () => undefined, end: () => undefined, heard: undefined, failed: undefined };
    flows.set(name, flow);
    const answer = (/** @type {string} */ text) => {
      clearTimeout(timer);
      resolve(text);
    };
    const timer = setTimeout(() => answer('timeout'), timeoutMs);
    if (protocol === 'UDP') {
      const socket = dgram.createSocket(to.includes(':') ? 'udp6' : 'udp4');
      socket.on('message', () => flow.heard?.()).on('error', (error) => (flow.failed = String(error)));
      flow.send = () => socket.send('.', port, to);
      flow.end = () => socket.close();
      socket.bind(0, from, () => {
        flow.heard = () => answer('open');
        flow.send();
      });
      return;
    }
    const socket = net.connect({ host: to, port, localAddress: from });
    socket.on('data', () => flow.heard?.());
    socket.on('connect', () => answer('open'));
    socket.on('error', (error) => {
      flow.failed = /** @type {{ code?: string }} */ (error).code ?? error.message;
      flow.heard?.();
      answer(flow.failed);
    });
    flow.send = () => void socket.write('.');
    flow.end = () => void socket.resetAndDestroy();
  });
}

/**
 * @param {{ name: string, timeoutMs: number }} request
 * @returns {Promise<string>}
 */
function say({ name, timeoutMs }) {
  return new Promise((resolve) => {
    const flow = flows.get(name);
    if (flow === undefined) {
      resolve('unknown');
      return;
    }
    const timer = setTimeout(() => resolve('silence'), timeoutMs);
    flow.heard = () => {
      clearTimeout(timer);
      resolve(flow.failed ?? 'answer');
    };
    flow.send();
  });
}

function close() {
  for (const flow of flows.values()) flow.end();
  flows.clear();
  return true;
}

/** @type {Record<string, ((request: never) => unknown) | undefined>} */
const commands = { connect, say, close };

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, command, request } = /** @type {{ id: number, command: string, request: never }} */ (JSON.parse(line));
  Promise.resolve(commands[command]?.(request)).then(
    (result) => process.stdout.write(`${JSON.stringify({ id, result })}\n`),
    (/** @type {unknown} */ error) => process.stdout.write(`${JSON.stringify({ id, error: String(error) })}\n`),
  );
});
process.stdin.on('end', () => process.exit(0));
