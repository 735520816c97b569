/**
 * Answers questions about a zone over UDP and TCP. Everything is answered at once and from memory: what is bounded is how
 * many connections there are, how long they are idle and how much they may say before they are read.
 */
import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { decodeQuery, encodeAnswer, refusalOf, TCP_SIZE, udpSizeOf } from './dns-message.ts';
import type { Zone } from './zone.ts';

const MAX_CONNECTIONS = 200;
const IDLE_MS = 10_000;

export interface DnsServerOptions {
  /** To listen on: `0.0.0.0`, `::`. */
  readonly addresses: readonly string[];
  /** 0 for any free one, the same for UDP and TCP of an address. */
  readonly port: number;
}

export class DnsServer {
  private readonly zone: Pick<Zone, 'answer'>;
  private readonly datagrams: DatagramSocket[] = [];
  private readonly servers: Server[] = [];
  private readonly connections = new Set<Socket>();

  constructor(zone: Pick<Zone, 'answer'>) {
    this.zone = zone;
  }

  /** Resolves with the port of the first address when it listens everywhere; rejects when it cannot. */
  async listen({ addresses, port }: DnsServerOptions): Promise<number> {
    let first: number | undefined;
    for (const address of addresses) {
      const server = createServer((socket) => this.serve(socket));
      this.servers.push(server);
      server.listen({ host: address, port: first ?? port, ipv6Only: true });
      await once(server, 'listening');
      const bound = server.address();
      first ??= typeof bound === 'object' && bound !== null ? bound.port : port;
      await this.listenDatagrams(address, first);
    }
    return first ?? port;
  }

  close(): void {
    for (const socket of this.datagrams.splice(0)) socket.close();
    for (const server of this.servers.splice(0)) server.close();
    for (const socket of this.connections) socket.destroy();
  }

  private async listenDatagrams(address: string, port: number): Promise<void> {
    const v6 = address.includes(':');
    const socket = createSocket(v6 ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
    this.datagrams.push(socket);
    socket.on('message', (message, from) => this.answerDatagram(socket, message, from));
    socket.bind({ address, port, exclusive: true });
    await once(socket, 'listening');
    // Answers that cannot be sent are asked for again.
    socket.on('error', () => undefined);
  }

  private answerDatagram(socket: DatagramSocket, message: Uint8Array, from: RemoteInfo): void {
    const answer = this.answer(message, 'UDP');
    if (answer !== undefined && from.port !== 0) socket.send(answer, from.port, from.address, () => undefined);
  }

  private serve(socket: Socket): void {
    if (this.connections.size >= MAX_CONNECTIONS) {
      socket.destroy();
      return;
    }
    this.connections.add(socket);
    let pending: Buffer = Buffer.alloc(0);
    socket
      .on('error', () => undefined)
      .on('close', () => this.connections.delete(socket))
      .setTimeout(IDLE_MS, () => socket.destroy())
      .on('data', (chunk: Buffer) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE()) {
          const length = pending.readUInt16BE();
          const answer = this.answer(pending.subarray(2, 2 + length), 'TCP');
          pending = pending.subarray(2 + length);
          // Who talks nonsense, or asks without listening, is not worth a connection.
          if (answer === undefined || socket.writableLength > TCP_SIZE * 4) {
            socket.destroy();
            return;
          }
          const prefix = Buffer.alloc(2);
          prefix.writeUInt16BE(answer.length);
          socket.write(Buffer.concat([prefix, answer]));
        }
      });
  }

  private answer(message: Uint8Array, over: 'UDP' | 'TCP'): Uint8Array | undefined {
    const query = decodeQuery(message);
    if (query === undefined) return undefined;
    const size = over === 'TCP' ? TCP_SIZE : udpSizeOf(query);
    const refusal = refusalOf(query);
    if (refusal === undefined) return encodeAnswer(query, this.zone.answer(query.labels, query.type), size);
    const nothing = { authoritative: false, answers: [], authorities: [], additionals: [] };
    return encodeAnswer(query, { code: refusal, ...nothing }, size);
  }
}
