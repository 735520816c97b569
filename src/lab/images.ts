/**
 * From the image of a container to the program that runs in its place: the lab has no images, only programs of its own
 * under the names of well-known ones, and whatever the machine has.
 */
import { BUSYBOX_FOLDER, PROGRAM_PATH, builtIn } from './images/built-in.ts';
import { parseImageName, type ImageName } from './images/image-name.ts';
import { KNOWN_IMAGES, type Argv, type KnownImage } from './images/known-images.ts';
import { listenersOf, type Listener } from './images/listeners.ts';

export interface ContainerPort {
  readonly containerPort: number;
  /** TCP when absent. */
  readonly protocol?: string | undefined;
}

export interface ContainerImage {
  readonly image: string;
  /** Of the container, variables expanded; both absent for what the image starts by itself. */
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly (readonly [name: string, value: string])[] | undefined;
  readonly ports?: readonly ContainerPort[] | undefined;
  /** Unknown images run, too: a stand-in listens on the ports that the container declares. */
  readonly anyImage?: boolean | undefined;
}

export interface ImageProgram {
  readonly argv: Argv;
  /** Where it will listen, as far as that can be told from its arguments. */
  readonly listeners: readonly Listener[];
  /** What the image sets; what the pod says goes before it. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Where people put files that it looks for: empty and writable. */
  readonly folders: readonly string[];
  /** It only stands in for the real one: it listens, and answers little. */
  readonly standIn: boolean;
}

export interface ImageRefusal {
  /** The reason that the container waits with. */
  readonly refused: 'ErrImagePull' | 'InvalidImageName';
  readonly message: string;
}

/** What real images begin with to prepare themselves. */
const WRAPPERS: ReadonlySet<string> = new Set(['docker-entrypoint.sh', 'entrypoint.sh', 'dumb-init', 'tini', '--']);
/**
 * Where busybox is, wget is busybox's, whatever wget the machine has: another one says other things, and tries twenty
 * times what does not answer. Its shell shows the folder.
 */
const BUSYBOX: ImageProgram['env'] = [
  ['PATH', `${BUSYBOX_FOLDER}:${PROGRAM_PATH}`],
  ['PS1', '$PWD # '],
];
/** Programs that machines have, for images that nobody knows. */
const OF_EVERY_MACHINE: ReadonlySet<string> = new Set([
  'sh',
  'bash',
  'ash',
  'sleep',
  'tail',
  'cat',
  'true',
  'false',
  'echo',
]);
const EXAMPLES =
  'nginx, httpd, hashicorp/http-echo, traefik/whoami, registry.k8s.io/e2e-test-images/agnhost (servers); busybox, ' +
  'alpine, curlimages/curl, nicolaka/netshoot (shells); redis, postgres, mysql, mongo (stand-ins on their ports)';

export function programOf(container: ContainerImage): ImageProgram | ImageRefusal {
  const { image, command = [], args = [] } = container;
  const name = parseImageName(image);
  if (name === undefined) {
    return {
      refused: 'InvalidImageName',
      message: `Failed to apply default image tag ${JSON.stringify(image)}: couldn't parse image name: invalid reference format`,
    };
  }
  const known = KNOWN_IMAGES.get(name.repository);
  const env = new Map(container.env ?? []);
  if (known !== undefined) {
    const argv = withinImage(known, command, args, env, name.tag);
    return {
      argv,
      env: hasBusybox(known, name) ? BUSYBOX : [],
      folders: known.type === 'server' && known.pages !== undefined ? [known.pages] : [],
      listeners: listenersOf(argv, env),
      standIn: argv[0] === builtIn('stand-in-server'),
    };
  }
  if (container.anyImage !== true) {
    return {
      refused: 'ErrImagePull',
      message:
        `failed to pull image "${name.full}": the lab has no images, only built-in programs under the names of some: ` +
        `${EXAMPLES}. With --any-image a stand-in listens on the declared ports of any other.`,
    };
  }
  const argv = standIn(command, args, container.ports ?? []);
  const standsIn = argv[0].startsWith(builtIn(''));
  return { argv, env: [], folders: [], listeners: listenersOf(argv, env), standIn: standsIn };
}

function hasBusybox(image: KnownImage, { repository, tag }: ImageName): boolean {
  return `${repository}:${tag}`.includes('alpine') || image.busybox;
}

/**
 * Programs of real images that people run by their path (`kubectl exec POD -- /agnhost connect …`) are the built-in ones.
 * Everything else stays as it is.
 */
export function execArgv(argv: Argv): Argv {
  const [program, ...rest] = argv;
  return program === '/agnhost' ? [builtIn('agnhost'), ...rest] : argv;
}

function withinImage(
  image: KnownImage,
  command: readonly string[],
  args: readonly string[],
  env: ReadonlyMap<string, string>,
  tag: string,
): Argv {
  if (image.type === 'shell') {
    const [first] = command.length > 0 ? command : args;
    if (first === undefined) return image.cmd;
    if (command.length === 0 && image.entrypoint !== undefined && isArgument(first)) {
      return [image.entrypoint, ...args];
    }
    return execArgv([first, ...[...command, ...args].slice(1)]);
  }
  const given = [...command, ...args];
  const begin = given.findIndex((word) => !WRAPPERS.has(basename(word)));
  const [program, ...rest] = begin < 0 ? [] : given.slice(begin);
  if (program === undefined) return image.start([], env, tag);
  if (image.programs.has(basename(program))) return image.start(rest, env, tag);
  // Without a program of its own what is given are arguments of the image's.
  if (command.length === 0 && isArgumentOf(image, program)) return image.start([program, ...rest], env, tag);
  return execArgv([program, ...rest]);
}

/** As the start script of `curlimages/curl` sees it: everything that is no program. */
function isArgument(word: string): boolean {
  return word.startsWith('-') || word.includes('://');
}

function isArgumentOf(image: KnownImage, word: string): boolean {
  return (
    // No program begins with a digit: a port.
    /^[-0-9]/.test(word) || (image.type === 'server' && image.programs.has('agnhost') && /^[a-z][a-z-]*$/.test(word))
  );
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function standIn(command: readonly string[], args: readonly string[], ports: readonly ContainerPort[]): Argv {
  const [program, ...rest] = [...command, ...args];
  if (ports.length === 0 && program !== undefined && OF_EVERY_MACHINE.has(basename(program))) return [program, ...rest];
  const flags = ports.flatMap(({ containerPort, protocol = 'TCP' }) => [
    `--${protocol.toLowerCase()}`,
    String(containerPort),
  ]);
  return flags.length === 0 ? [builtIn('pause')] : [builtIn('stand-in-server'), ...flags];
}
