/** Packets without sockets, by the program beside this file. */
import { spawn } from 'node:child_process';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./raw-packets.pl', import.meta.url));
const names = { SCTP: 'sctp', other: 'icmp' };

export class RawPackets {
  /** @type {Promise<import('node:child_process').ChildProcessWithoutNullStreams> | undefined} */
  #listening;
  /** @readonly @type {number[]} */
  #arrived = [];

  /** Where packets arrive it must be called before they do. */
  #listen() {
    this.#listening ??= new Promise((resolve, reject) => {
      const child = spawn('perl', [program]);
      child.stderr.pipe(process.stderr);
      child.on('error', reject).on('close', () => reject(new Error('perl ended')));
      readline.createInterface({ input: child.stdout }).on('line', (line) => {
        if (line === 'ready') resolve(child);
        else this.#arrived.push(Number(line));
      });
    });
    return this.#listening;
  }

  /**
   * @param {{ id: number, from: string, to: string, protocol: string, port: number }[]} packets
   */
  async send(packets) {
    if (packets.length === 0) return;
    const lines = packets.map(({ id, from, to, protocol, port }) => {
      return `${id} ${from} ${to} ${names[/** @type {'SCTP'} */ (protocol)]} ${port}\n`;
    });
    const child = await this.#listen();
    child.stdin.write(lines.join(''));
  }

  /** The ids of the packets that arrived since it was last asked. */
  async takeArrived() {
    await this.#listen();
    return this.#arrived.splice(0);
  }
}
