/** Packets all the time, each with a number, and what became of it; times are of the clock that all processes share. */
import dgram from 'node:dgram';
import net from 'node:net';

/**
 * @typedef {{ id: number, from: string, to: string, protocol: 'TCP' | 'UDP', port: number, fresh: boolean }} Flow
 * A `fresh` one begins anew with every packet; TCP always does.
 */

const tickMs = 10;
/** Whoever gets no connection within this time is given up. */
const connectMs = 2500;
/** Answers are waited for so long on sockets that are used once. */
const answerMs = 300;

const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

export class Traffic {
  /** Each `flow, number, before, after`: it went out between the two times. @readonly @type {number[]} */
  sent = [];
  /** Here, from elsewhere: `flow, number, time`. @readonly @type {number[]} */
  arrived = [];
  /** To senders here: `flow, number, time`. @readonly @type {number[]} */
  answered = [];
  /** `flow, begin, end, 1 or 0`. @readonly @type {number[]} */
  connected = [];
  /** @readonly @type {Map<number, dgram.Socket>} */
  #sockets = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** Whether the message, which came to somebody here, is one of these. @param {Buffer} message */
  take(message) {
    if (message[0] !== 0x74) return false;
    note(this.arrived, message);
    return true;
  }

  /** @param {{ flows: Flow[], periodMs: number }} request */
  start({ flows, periodMs }) {
    const next = flows.map((_, index) => nowMs() + (index / flows.length) * periodMs);
    const numbers = flows.map(() => 0);
    this.#timer = setInterval(() => {
      const now = nowMs();
      flows.forEach((flow, index) => {
        if ((next[index] ?? 0) > now) return;
        // A connection that nobody answers keeps a socket for long, so those are fewer.
        const period = flow.protocol === 'TCP' ? 4 * periodMs : periodMs;
        next[index] = Math.max((next[index] ?? 0) + period, now);
        numbers[index] = (numbers[index] ?? 0) + 1;
        if (flow.protocol === 'TCP') this.#connect(flow);
        else this.#send(flow, numbers[index] ?? 0);
      });
    }, tickMs);
    return true;
  }

  /** @param {Flow} flow @param {number} number */
  #send({ id, from, to, port, fresh }, number) {
    let socket = fresh ? undefined : this.#sockets.get(id);
    if (socket === undefined) {
      const made = dgram.createSocket(from.includes(':') ? 'udp6' : 'udp4');
      made.on('error', () => undefined).on('message', (message) => note(this.answered, message));
      made.bind(0, from);
      socket = made;
      if (!fresh) this.#sockets.set(id, made);
      else setTimeout(() => made.close(), answerMs);
    }
    const before = nowMs();
    socket.send(`t${id} ${number}`, port, to, (error) => {
      // What the kernel did not take was not sent.
      if (error === null) this.sent.push(id, number, before, nowMs());
    });
  }

  /** @param {Flow} flow */
  #connect({ id, from, to, port }) {
    const begin = nowMs();
    const socket = net.connect({ host: to, port, localAddress: from });
    const end = (/** @type {number} */ success) => {
      clearTimeout(timer);
      socket.removeAllListeners('connect').resetAndDestroy();
      this.connected.push(id, begin, nowMs(), success);
    };
    const timer = setTimeout(() => end(0), connectMs);
    socket.on('error', () => undefined).on('connect', () => end(1));
  }

  stop() {
    clearInterval(this.#timer);
    return true;
  }

  report() {
    for (const socket of this.#sockets.values()) socket.close();
    const { sent, arrived, answered, connected } = this;
    return { sent, arrived, answered, connected };
  }
}

/** @param {number[]} log @param {Buffer} message */
function note(log, message) {
  const [id = '', number = ''] = message.toString('latin1', 1).split(' ');
  log.push(Number(id), Number(number), nowMs());
}
