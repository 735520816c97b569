import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import packet, { type Packet, type RecordType as PacketType } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { labNetworks } from '../../../src/lab/networks.ts';
import { DnsLink } from '../../../src/lab/dns/dns-link.ts';
import { startDnsProcess } from '../../../src/lab/dns/dns-process.ts';
import { DnsServer } from '../../../src/lab/dns/dns-server.ts';
import { SAMPLE, sampleZone, service } from './sample-zone.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const NAME = 'web.shop.svc.cluster.local';

function encoded(name: string, type: PacketType = 'A'): Buffer {
  return packet.encode({ type: 'query', id: 7, questions: [{ type, name }] });
}

/** What is answered to the last of the messages. */
async function overUdp(port: number, ...messages: readonly Uint8Array[]): Promise<Packet> {
  const socket = createSocket('udp4');
  try {
    for (const message of messages) socket.send(message, port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    return packet.decode(answer);
  } finally {
    socket.close();
  }
}

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(message.length);
  return Buffer.concat([prefix, message]);
}

/** All that is answered, until `count` answers are there or the other side closes. */
async function overTcp(port: number, chunks: readonly Uint8Array[], count: number): Promise<Packet[]> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  const answers: Packet[] = [];
  let pending = Buffer.alloc(0);
  await once(socket, 'connect');
  for (const chunk of chunks) await new Promise((resolve) => socket.write(chunk, resolve));
  for await (const chunk of socket) {
    pending = Buffer.concat([pending, chunk as Buffer]);
    while (pending.length > 2 && pending.length >= pending.readUInt16BE() + 2) {
      answers.push(packet.decode(pending.subarray(2, 2 + pending.readUInt16BE())));
      pending = pending.subarray(2 + pending.readUInt16BE());
    }
    if (answers.length >= count) break;
  }
  socket.destroy();
  return answers;
}

describe('the DNS server', () => {
  async function serve(zone = sampleZone()): Promise<number> {
    const server = new DnsServer(zone);
    closing.push(() => server.close());
    return server.listen({ addresses: ['127.0.0.1'], port: 0 });
  }

  it('answers over UDP, nonsense excepted', async () => {
    const port = await serve();
    const nonsense = [new Uint8Array(3), new Uint8Array(40).fill(255), Buffer.from('GET / HTTP/1.1\r\n\r\n')];
    const { answers } = await overUdp(port, ...nonsense, encoded(NAME));
    expect(answers).toMatchObject([{ name: NAME, type: 'A', ttl: 5, data: '10.96.0.20' }]);
  });

  it('answers over TCP, in pieces and several at once', async () => {
    const port = await serve();
    const whole = Buffer.concat([framed(encoded(NAME)), framed(encoded(NAME, 'AAAA')), framed(encoded('nobody'))]);
    const pieces = [whole.subarray(0, 1), whole.subarray(1, 9), whole.subarray(9)];
    const answers = await overTcp(port, pieces, 3);
    expect(answers.map((answer) => answer.answers?.map((each) => ('data' in each ? each.data : '')))).toEqual([
      ['10.96.0.20'],
      ['fd00:10:96::20'],
      [],
    ]);
  });

  it('hangs up on nonsense', async () => {
    const port = await serve();
    expect(await overTcp(port, [framed(new Uint8Array(20))], 1)).toEqual([]);
  });

  it('sends what is too long for UDP over TCP', async () => {
    const zone = sampleZone();
    const endpoints = Array.from({ length: 200 }, (_, index) => ({ addresses: [`10.244.1.${index}`], ready: true }));
    zone.apply([
      { kind: 'endpoints', key: 'shop/db-1', value: { namespace: 'shop', service: 'db', ports: [], endpoints } },
    ]);
    const port = await serve(zone);
    const question = encoded('db.shop.svc.cluster.local');
    expect(await overUdp(port, question)).toMatchObject({ flag_tc: true });
    const [answer] = await overTcp(port, [framed(question)], 1);
    expect(answer).toMatchObject({ flag_tc: false });
    expect(answer?.answers).toHaveLength(200);
  });

  it('refuses what it does not do', async () => {
    const port = await serve();
    const chaos = packet.encode({
      type: 'query',
      id: 7,
      questions: [{ type: 'TXT', name: 'version.bind', class: 'CH' }],
    });
    expect(await overUdp(port, chaos)).toMatchObject({ rcode: 'REFUSED', answers: [] });
  });

  it('says why it cannot listen', async () => {
    const port = await serve();
    const second = new DnsServer(sampleZone());
    closing.push(() => second.close());
    await expect(second.listen({ addresses: ['127.0.0.1'], port })).rejects.toThrow('EADDRINUSE');
  });
});

describe('the program', () => {
  function start(port: number) {
    const ended: string[] = [];
    let take: (link: DnsLink) => void = () => undefined;
    const attached = new Promise<DnsLink>((resolve) => (take = resolve));
    const child: ChildProcess = startDnsProcess({
      enter: [],
      networks: labNetworks(1, 'ipv4'),
      addresses: ['127.0.0.1'],
      port,
      attach: (link) => {
        take(link);
        return () => ended.push('detached');
      },
    });
    closing.push(() => child.kill('SIGKILL'));
    return { child, attached, ended };
  }

  it('answers from what it was told last', async () => {
    const { child, attached, ended } = start(0);
    const link = await attached;
    const port = await link.listening;
    expect(await link.replace(SAMPLE)).toBe(true);
    expect((await overUdp(port, encoded(NAME))).answers).toMatchObject([{ data: '10.96.0.20' }]);
    expect(await link.publish([service('shop', 'web', { clusterIPs: ['10.96.0.21'] })])).toBe(true);
    expect((await overUdp(port, encoded(NAME))).answers).toMatchObject([{ data: '10.96.0.21' }]);
    await link.replace([]);
    expect(await overUdp(port, encoded(NAME))).toMatchObject({ rcode: 'NXDOMAIN' });
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await link.publish([])).toBe(false);
    expect(ended).toEqual(['detached']);
  });

  it('tells why it cannot', async () => {
    const taken = new DnsServer(sampleZone());
    closing.push(() => taken.close());
    const { child, ended } = start(await taken.listen({ addresses: ['127.0.0.1'], port: 0 }));
    let said = '';
    child.stderr?.on('data', (text) => (said += String(text)));
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(said).toContain('EADDRINUSE');
    expect(ended).toEqual(['detached']);
  });
});

describe('the link', () => {
  it('gives up what was not acknowledged when the server ends', async () => {
    const sent: unknown[] = [];
    const link = new DnsLink({ networks: labNetworks(1, 'dual'), send: (message) => sent.push(message) > 0 });
    const first = link.publish([]);
    const second = link.publish([]);
    link.receive({ type: 'applied', version: 1 });
    for (const nonsense of [null, 'x', { version: 2 }, { type: 'applied', version: 99 }]) link.receive(nonsense);
    link.closed('killed');
    expect(await Promise.all([first, second, link.publish([])])).toEqual([true, false, false]);
    await expect(link.listening).rejects.toThrow('killed');
    expect(sent[0]).toMatchObject({ type: 'start', addresses: ['0.0.0.0', '::'], port: 53 });
    expect(sent).toHaveLength(3);
  });
});
