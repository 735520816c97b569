/** Versions of the protocol between kubectl and a kubelet, newest first, and what each of them can. */
export interface ChannelProtocol {
  /** As it is negotiated. */
  readonly name: string;
  /** Messages are texts. WebSocket only. */
  readonly base64: boolean;
  /** The error channel ends in a Status as JSON, which knows exit codes. */
  readonly statusJson: boolean;
}

function binary(name: string, statusJson: boolean): ChannelProtocol {
  return { name, base64: false, statusJson };
}

/** A client that names none gets the oldest. */
export const OLDEST_WEBSOCKET_PROTOCOL: ChannelProtocol = binary('', false);

/** Of exec and attach. Version 5 adds the closing of single channels, which clients of older ones never ask for. */
export const EXEC_WEBSOCKET_PROTOCOLS: readonly ChannelProtocol[] = [
  binary('v5.channel.k8s.io', true),
  binary('v4.channel.k8s.io', true),
  binary('v3.channel.k8s.io', false),
  binary('v2.channel.k8s.io', false),
  binary('channel.k8s.io', false),
  { name: 'v4.base64.channel.k8s.io', base64: true, statusJson: true },
  { name: 'base64.channel.k8s.io', base64: true, statusJson: false },
];

/** A whole SPDY connection in binary messages. */
export const PORT_FORWARD_TUNNEL = 'SPDY/3.1+portforward.k8s.io';

/** Of port-forward with a pair of channels for each port. */
export const PORT_FORWARD_WEBSOCKET_PROTOCOLS: readonly ChannelProtocol[] = [
  binary('v4.channel.k8s.io', false),
  { name: 'v4.base64.channel.k8s.io', base64: true, statusJson: false },
];

export interface SpdyExecProtocol {
  readonly name: string;
  readonly statusJson: boolean;
  /** Clients open a stream for sizes of the terminal. */
  readonly resize: boolean;
}

export const EXEC_SPDY_PROTOCOLS: readonly SpdyExecProtocol[] = [
  { name: 'v4.channel.k8s.io', statusJson: true, resize: true },
  { name: 'v3.channel.k8s.io', statusJson: false, resize: true },
  { name: 'v2.channel.k8s.io', statusJson: false, resize: false },
  { name: 'channel.k8s.io', statusJson: false, resize: false },
];

export const PORT_FORWARD_SPDY_PROTOCOL = 'portforward.k8s.io';

/** The first that the client offers and we have: clients say what they like best first. */
export function negotiate<T extends { readonly name: string }>(
  offered: readonly string[],
  known: readonly T[],
): T | undefined {
  for (const name of offered) {
    const protocol = known.find((each) => each.name === name);
    if (protocol !== undefined) return protocol;
  }
  return undefined;
}
