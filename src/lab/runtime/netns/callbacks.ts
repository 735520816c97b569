/**
 * Where processes in sandboxes call the lab's program back: a socket in a folder that no container sees. Who calls says
 * which conversation it is by a token that was made for it.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { RuntimeError } from '../runtime.ts';

const CHANNELS = ['io', 'error', 'control'] as const;
/** Of one conversation. */
export type Channel = (typeof CHANNELS)[number];

const CALL_MS = 10_000;
const MAX_GREETING_BYTES = 100;

interface Expected {
  readonly resolve: (socket: Socket) => void;
  readonly reject: (error: Error) => void;
}

export class Callbacks {
  private readonly server: Server;
  private readonly expected = new Map<string, Expected>();
  private readonly sockets = new Set<Socket>();

  constructor() {
    // Each direction ends by itself.
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.greet(socket));
    this.server.on('error', () => undefined);
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(path, resolve);
    });
  }

  newToken(): string {
    return randomBytes(16).toString('hex');
  }

  /** Rejects with `RuntimeError` when nobody calls in time. The connection is paused until it is read. */
  expect(token: string, channel: Channel): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const key = `${token} ${channel}`;
      const done = (): void => {
        clearTimeout(timer);
        this.expected.delete(key);
      };
      const expected: Expected = {
        resolve: (socket) => {
          done();
          resolve(socket);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      const silence = new RuntimeError('failed', 'nothing in the pod answered');
      const timer = setTimeout(() => expected.reject(silence), CALL_MS);
      this.expected.set(key, expected);
    });
  }

  /** Nobody will call. */
  forget(token: string): void {
    for (const channel of CHANNELS) {
      this.expected.get(`${token} ${channel}`)?.reject(new RuntimeError('failed', 'nobody was asked'));
    }
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  /** The first line says who it is. */
  private greet(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
    let greeting = Buffer.alloc(0);
    const hear = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      greeting = Buffer.concat([greeting, chunk]);
      const end = greeting.indexOf(0x0a);
      if (end < 0) {
        if (greeting.length > MAX_GREETING_BYTES) socket.destroy();
        return;
      }
      socket.off('readable', hear);
      const rest = greeting.subarray(end + 1);
      if (rest.length > 0) socket.unshift(rest);
      const expected = this.expected.get(greeting.subarray(0, end).toString('latin1'));
      if (expected === undefined) socket.destroy();
      else expected.resolve(socket);
    };
    socket.on('readable', hear);
  }
}
