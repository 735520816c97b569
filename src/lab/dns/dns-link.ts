/**
 * Between the lab and its DNS server, which is a process of its own in the network of a pod: changes of the zone go there
 * in order, and each is acknowledged when questions are answered from it.
 */
import type { LabNetworks } from '../networks.ts';
import type { ZoneChange } from './zone-data.ts';

/** To the server. The first message is `start`. */
export type ToDnsServer =
  | {
      readonly type: 'start';
      readonly networks: LabNetworks;
      readonly addresses: readonly string[];
      readonly port: number;
    }
  | {
      readonly type: 'zone';
      readonly version: number;
      readonly whole: boolean;
      readonly changes: readonly ZoneChange[];
    };

/** From the server. */
export type FromDnsServer =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'applied'; readonly version: number };

export interface DnsLinkOptions {
  readonly networks: LabNetworks;
  /** To listen on; all when absent. */
  readonly addresses?: readonly string[] | undefined;
  /** 53 when absent. */
  readonly port?: number | undefined;
  /** False when it cannot be sent any more. */
  readonly send: (message: ToDnsServer) => boolean;
}

/** The lab's end. What comes from the server is given to `receive`, in order; `closed` when nothing comes any more. */
export class DnsLink {
  private readonly send: DnsLinkOptions['send'];
  private readonly waiting = new Map<number, (applied: boolean) => void>();
  private version = 0;
  private open = true;
  private resolveListening: (port: number) => void = () => undefined;
  private rejectListening: (error: Error) => void = () => undefined;
  /** The port, when it listens. Rejects when it cannot, or has ended. */
  readonly listening: Promise<number>;

  constructor({ networks, addresses, port = 53, send }: DnsLinkOptions) {
    this.send = send;
    this.listening = new Promise((resolve, reject) => {
      this.resolveListening = resolve;
      this.rejectListening = reject;
    });
    // Who does not ask for it need not handle it.
    this.listening.catch(() => undefined);
    const all = networks.families.map((family) => (family === 4 ? '0.0.0.0' : '::'));
    if (!send({ type: 'start', networks, addresses: addresses ?? all, port })) this.closed('it cannot be reached');
  }

  /** Instead of all that was said before. */
  replace(changes: readonly ZoneChange[]): Promise<boolean> {
    return this.say(true, changes);
  }

  /** Resolves when questions are answered from it, with false when that will never be. Never rejects. */
  publish(changes: readonly ZoneChange[]): Promise<boolean> {
    return this.say(false, changes);
  }

  receive(message: unknown): void {
    if (!isFromServer(message)) return;
    switch (message.type) {
      case 'listening':
        this.resolveListening(message.port);
        return;
      case 'failed':
        this.closed(message.message);
        return;
      case 'applied':
        this.waiting.get(message.version)?.(true);
        this.waiting.delete(message.version);
        return;
    }
  }

  closed(reason: string): void {
    this.open = false;
    this.rejectListening(new Error(`the DNS server has ended: ${reason}`));
    for (const done of this.waiting.values()) done(false);
    this.waiting.clear();
  }

  private say(whole: boolean, changes: readonly ZoneChange[]): Promise<boolean> {
    const version = ++this.version;
    if (!this.open || !this.send({ type: 'zone', version, whole, changes })) return Promise.resolve(false);
    return new Promise((resolve) => this.waiting.set(version, resolve));
  }
}

function isFromServer(message: unknown): message is FromDnsServer {
  return typeof message === 'object' && message !== null && 'type' in message;
}
