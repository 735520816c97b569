import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  buildCluster,
  connectivityMap,
  type ConnectivityMap,
  type ConnectivityOptions,
  createEngine,
  type Engine,
  type PortsValue,
  readManifests,
} from '../../src/index.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

/** The engine for folders of `examples/`. Throws on any diagnostic: the examples are to be flawless. */
export function engineOf(...folders: readonly string[]): Engine {
  const inputs = folders.flatMap((folder) =>
    readdirSync(join(examples, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yaml'))
      .sort()
      .map((name) => ({ name: `${folder}/${name}`, text: readFileSync(join(examples, folder, name), 'utf8') })),
  );
  const { objects, diagnostics } = readManifests(inputs);
  if (diagnostics.length > 0)
    throw new Error(JSON.stringify(diagnostics.map(({ message, object }) => [object, message])));
  return createEngine(buildCluster(objects));
}

function portsWord(ports: PortsValue): string {
  if (ports === 'any') return 'any';
  return ports
    .map(
      ({ protocol, ranges }) =>
        `${protocol} ${ranges.map(([low, high]) => (low === high ? low : `${low}-${high}`)).join(',')}`,
    )
    .join('; ');
}

/** The map as lines, `web -> db: TCP 5432`; workloads as `namespace/name`, external peers by their first network. */
export function mapLines(engine: Engine, options: ConnectivityOptions = {}): string[] {
  return linesOf(connectivityMap(engine, options));
}

function linesOf(map: ConnectivityMap): string[] {
  const names = new Map(
    map.peers.map((peer) => [
      peer.id,
      peer.type === 'workload'
        ? `${peer.namespace}/${peer.name}`
        : peer.type === 'external'
          ? `outside(${peer.cidrs.join(' ')})`
          : peer.id,
    ]),
  );
  return map.connections.map(({ from, to, ports, certain }) => {
    return `${names.get(from)} -> ${names.get(to)}: ${portsWord(ports)}${certain === false ? ' (uncertain)' : ''}`;
  });
}
