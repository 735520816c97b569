/** One container of a pod, from its image to its last end. */
import { type Clock, pause } from '../../io/kubernetes/clock.ts';
import { isObject, type JsonObject } from '../api/json.ts';
import { numberAt, textAt, valueAt } from '../api/field-values.ts';
import type { ImageRefusal } from '../images.ts';
import { BUILT_IN_FOLDER } from '../images/built-in.ts';
import type { Listener } from '../images/listeners.ts';
import { type ContainerExit, type ContainerSpec, type Runtime, RuntimeError } from '../runtime/runtime.ts';
import { BackOff, PULL_BACK_OFF_MS } from './back-off.ts';
import type { ContainerState, ContainerSummary, Terminated } from './container-state.ts';
import type { ExitBoard } from './exit-board.ts';
import { type HandlerTarget, runHandler } from './handler.ts';
import { keepProbing } from './probing.ts';
import type { Slots } from './slots.ts';
import { StartRefusal } from './start-refusal.ts';

export type ContainerRole = 'container' | 'ephemeral' | 'init' | 'sidecar';

export interface ConfiguredContainer {
  readonly spec: Omit<ContainerSpec, 'id'>;
  /** Where it will listen, as far as that is known. */
  readonly listeners: readonly Listener[];
}

/** What a container has from its pod. */
export interface ContainerSetting {
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** Why there is no program for its image. */
  readonly imageRefusal: (definition: JsonObject) => ImageRefusal | undefined;
  readonly slots: Slots;
  readonly exits: ExitBoard;
  readonly newId: () => string;
  readonly sandbox: () => string;
  /** `web_default(UID)` of the pod, for messages. */
  readonly podName: string;
  readonly restartPolicy: string;
  /** The grace that the pod gives its containers when it says nothing else. */
  readonly graceMs: number;
  /** First address of the pod. */
  readonly address: () => string;
  /** Throws `StartRefusal`. */
  readonly configure: (definition: JsonObject) => ConfiguredContainer;
  /** Resolves when a ConfigMap or a Secret of the namespace has changed. */
  readonly configChange: (signal: AbortSignal) => Promise<void>;
  readonly record: (definition: JsonObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
  /** Something in the summary has changed. */
  readonly changed: () => void;
}

/**
 * A kubelet looks once a second at what has ended. Whoever deletes a pod as its shell ends (`kubectl run --rm -it`) does
 * so before another shell starts, which would take its whole grace to end.
 */
const NOTICED_AFTER_MS = 1000;
/** How long ErrImagePull is shown before it is ImagePullBackOff. */
const PULL_ERROR_SHOWN_MS = 2000;
/** A built-in server listens within milliseconds; whoever has not after so long is ready nonetheless. */
const LISTEN_LIMIT_MS = 5000;
const LISTEN_PERIOD_MS = 20;
/** What is left of the grace for the program itself when a preStop hook has used it up. */
const LEAST_GRACE_MS = 2000;
/** Hooks have no time limit of their own. */
const HOOK_LIMIT_MS = 600_000;

export class ContainerLife {
  readonly role: ContainerRole;
  private definition: JsonObject;
  private readonly setting: ContainerSetting;
  private state: ContainerState;
  private last: Terminated | undefined;
  private restarts = 0;
  private started = false;
  private ready = false;
  private imageId = '';
  /** Ids in the runtime: of the one that runs or ran last, and of the one before. */
  private current: string | undefined;
  private before: string | undefined;
  private running = false;
  private starting: Promise<unknown> = Promise.resolve();
  private readonly ending = new AbortController();
  private wake = new AbortController();
  /** Aborted when the program that runs has ended. */
  private whileRunning: AbortSignal = AbortSignal.abort();
  private redefined = false;
  private killed = false;
  private onStarted: () => void = () => undefined;
  /** Resolves when it is started as far as the next init container is concerned, or over. */
  readonly upOrOver: Promise<void>;
  private over: Promise<void> | undefined;

  constructor(definition: JsonObject, role: ContainerRole, waitingFor: string, setting: ContainerSetting) {
    this.definition = definition;
    this.role = role;
    this.setting = setting;
    this.state = { kind: 'waiting', reason: waitingFor };
    this.upOrOver = new Promise((resolve) => (this.onStarted = resolve));
  }

  get name(): string {
    return textAt(this.definition, 'name');
  }

  get summary(): ContainerSummary {
    const { definition, state, last, restarts, started, ready, imageId } = this;
    return { definition, state, last, restarts, started, ready, imageId, containerId: this.current ?? '' };
  }

  /** Its id while it runs. */
  get runningId(): string | undefined {
    return this.running ? this.current : undefined;
  }

  /** Of the one that runs or ran last. */
  get newestId(): string | undefined {
    return this.current;
  }

  /** Of the one before. */
  get previousId(): string | undefined {
    return this.before;
  }

  /** Runs it until it is over for good. Never rejects; may be called again and gives the same. */
  run(): Promise<void> {
    this.over ??= this.live().finally(() => this.onStarted());
    return this.over;
  }

  /** Ends it for good: at first with the preStop hook. A second call can only make it shorter. */
  async end(graceMs: number): Promise<void> {
    this.ending.abort();
    await this.starting.catch(() => undefined);
    const id = this.runningId;
    if (id !== undefined) void this.stop(id, graceMs, `Stopping container ${this.name}`);
    await this.over;
  }

  /** The network and all that ran in it is gone: whoever waits for its end has waited enough. */
  lost(): void {
    if (this.running && this.current !== undefined) this.setting.exits.tell(this.current, { exitCode: 137, signal: 9 });
  }

  /** Its image may have changed; nothing else of a container can. */
  redefine(definition: JsonObject): void {
    const same = textAt(definition, 'image') === textAt(this.definition, 'image');
    this.definition = definition;
    if (same || this.ending.signal.aborted) return;
    this.wake.abort();
    const id = this.runningId;
    if (id === undefined) return;
    this.redefined = true;
    void this.stop(id, this.setting.graceMs, `Container ${this.name} definition changed, will be restarted`);
  }

  /** The runtime forgets what ran, and its logs. */
  async forget(): Promise<void> {
    const ids = [this.current, this.before].filter((id) => id !== undefined);
    await Promise.all(ids.map((id) => this.setting.runtime.removeContainer(id).catch(() => undefined)));
  }

  private async live(): Promise<void> {
    const backOff = new BackOff(0);
    for (;;) {
      if (!(await this.pulled())) return;
      const ranMs = await this.runOnce();
      if (ranMs === undefined || this.ending.signal.aborted || !this.startsAgain()) return;
      const delayMs = this.redefined ? 0 : backOff.next(ranMs);
      if (delayMs > 0) await this.crashLoop(delayMs);
      else if (this.role === 'container' && !this.redefined && !this.killed) await this.nap(NOTICED_AFTER_MS);
      if (this.ending.signal.aborted) return;
    }
  }

  /** Whether there is a program for its image before it is over. */
  private async pulled(): Promise<boolean> {
    const backOff = new BackOff(PULL_BACK_OFF_MS);
    while (!this.ending.signal.aborted) {
      const image = JSON.stringify(textAt(this.definition, 'image'));
      const refusal = this.setting.imageRefusal(this.definition);
      if (refusal === undefined) {
        this.record('Normal', 'Pulled', `Container image ${image} already present on machine`);
        return true;
      }
      const { refused, message } = refusal;
      const delayMs = backOff.next(0);
      if (refused === 'InvalidImageName') {
        this.record('Warning', 'InspectFailed', message);
        this.record('Warning', 'Failed', `Error: ${refused}`);
        this.wait(refused, message);
        await this.nap(delayMs);
        continue;
      }
      this.record('Normal', 'Pulling', `Pulling image ${image}`);
      this.record('Warning', 'Failed', `Failed to pull image ${image}: ${message}`);
      this.record('Warning', 'Failed', `Error: ${refused}`);
      this.wait(refused, message);
      if (!(await this.nap(PULL_ERROR_SHOWN_MS))) continue;
      this.record('Normal', 'BackOff', `Back-off pulling image ${image}`);
      this.record('Warning', 'Failed', 'Error: ImagePullBackOff');
      this.wait('ImagePullBackOff', `Back-off pulling image ${image}: ${refused}: ${message}`);
      await this.nap(delayMs - PULL_ERROR_SHOWN_MS);
    }
    return false;
  }

  /** How long it ran; `undefined` when it is over before it did. */
  private async runOnce(): Promise<number | undefined> {
    const configured = await this.configured();
    if (configured === undefined) return undefined;
    const { spec, listeners } = configured;
    const { runtime, slots, exits, clock } = this.setting;
    const id = this.setting.newId();
    const exit = exits.expect(id);
    this.redefined = false;
    this.killed = false;
    const start = slots.run(async () => {
      if (this.ending.signal.aborted) return false;
      this.record('Normal', 'Created', `Created container: ${this.name}`);
      await runtime.startContainer({ ...spec, id });
      this.rotate(id);
      this.running = true;
      return true;
    });
    this.starting = start;
    const startedMs = clock.calendarMs();
    const since = clock.nowMs();
    try {
      if (!(await start)) {
        exits.forget(id);
        return undefined;
      }
    } catch (error) {
      exits.forget(id);
      this.notStarted(id, error, startedMs);
      return 0;
    }
    this.state = { kind: 'running', startedMs };
    this.record('Normal', 'Started', `Started container ${this.name}`);
    this.setting.changed();
    const watching = new AbortController();
    this.whileRunning = watching.signal;
    void this.watch(id, listeners, watching.signal);
    const ended = await exit;
    watching.abort();
    this.terminated(id, ended, startedMs);
    return clock.nowMs() - since;
  }

  /** Waits until what it needs is there. `undefined` when it is over before. */
  private async configured(): Promise<ConfiguredContainer | undefined> {
    while (!this.ending.signal.aborted) {
      try {
        const configured = this.setting.configure(this.definition);
        this.imageId = imageIdOf(configured.spec.argv[0]);
        return configured;
      } catch (error) {
        if (!(error instanceof StartRefusal)) throw error;
        this.record('Warning', 'Failed', `Error: ${error.message}`);
        this.wait(error.reason, error.message);
        await this.setting.configChange(AbortSignal.any([this.ending.signal, this.wake.signal]));
        this.rewind();
      }
    }
    return undefined;
  }

  private rotate(id: string): void {
    const forgotten = this.before;
    this.before = this.current;
    this.current = id;
    if (this.state.kind === 'terminated') this.last = this.state;
    if (this.before !== undefined) this.restarts += 1;
    if (forgotten !== undefined) void this.setting.runtime.removeContainer(forgotten).catch(() => undefined);
  }

  private notStarted(id: string, error: unknown, startedMs: number): void {
    const message = error instanceof Error ? error.message : String(error);
    // As container runtimes put it, so that searching for the words helps.
    const exitCode = error instanceof RuntimeError && error.code === 'no-program' ? 127 : 128;
    if (this.state.kind === 'terminated') this.last = this.state;
    if (this.last !== undefined) this.restarts += 1;
    const finishedMs = this.setting.clock.calendarMs();
    this.state = {
      kind: 'terminated',
      exitCode,
      reason: 'StartError',
      message,
      startedMs,
      finishedMs,
      containerId: id,
    };
    this.record('Warning', 'Failed', `Error: ${message}`);
    this.setting.changed();
  }

  private terminated(id: string, { exitCode }: ContainerExit, startedMs: number): void {
    this.running = false;
    this.started = false;
    this.ready = this.role === 'init' && exitCode === 0;
    this.state = {
      kind: 'terminated',
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedMs,
      finishedMs: this.setting.clock.calendarMs(),
      containerId: id,
    };
    this.setting.changed();
  }

  private startsAgain(): boolean {
    if (this.role === 'ephemeral') return false;
    if (this.role === 'sidecar' || this.redefined) return true;
    const succeeded = this.state.kind === 'terminated' && this.state.exitCode === 0;
    const { restartPolicy } = this.setting;
    if (this.role === 'init') return !succeeded && restartPolicy !== 'Never';
    return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && !succeeded);
  }

  private async crashLoop(delayMs: number): Promise<void> {
    if (this.state.kind === 'terminated') this.last = this.state;
    const { podName } = this.setting;
    this.record('Warning', 'BackOff', `Back-off restarting failed container ${this.name} in pod ${podName}`);
    this.wait(
      'CrashLoopBackOff',
      `back-off ${duration(delayMs)} restarting failed container=${this.name} pod=${podName}`,
    );
    await this.nap(delayMs);
  }

  private async watch(id: string, listeners: readonly Listener[], signal: AbortSignal): Promise<void> {
    const target = this.target(id);
    const hook = valueAt(this.definition, 'lifecycle', 'postStart');
    if (isObject(hook)) {
      const result = await this.hook(hook, target, signal, HOOK_LIMIT_MS);
      if (signal.aborted) return;
      if (!result.ok) {
        this.record('Warning', 'FailedPostStartHook', `PostStartHook failed: ${result.message}`);
        void this.stop(id, this.setting.graceMs, `FailedPostStartHook`);
        return;
      }
    }
    await this.listening(listeners, signal);
    const startup = valueAt(this.definition, 'startupProbe');
    if (isObject(startup) && !(await this.startup(startup, target, id, signal))) return;
    if (signal.aborted) return;
    this.started = true;
    const readiness = valueAt(this.definition, 'readinessProbe');
    this.ready = !isObject(readiness);
    this.setting.changed();
    this.onStarted();
    if (isObject(readiness)) {
      const become = (ready: boolean): void => {
        if (this.ready === ready || !this.running) return;
        this.ready = ready;
        this.setting.changed();
      };
      void keepProbing(
        readiness,
        target,
        { passed: () => become(true), failed: () => become(false), missed: this.unhealthy('Readiness') },
        signal,
      );
    }
    const liveness = valueAt(this.definition, 'livenessProbe');
    if (isObject(liveness)) {
      const reports = {
        passed: () => undefined,
        failed: () => this.fail(id, liveness, 'liveness'),
        missed: this.unhealthy('Liveness'),
      };
      void keepProbing(liveness, target, reports, AbortSignal.any([signal, this.ending.signal]));
    }
  }

  /** Whether the startup probe passed while the program ran. */
  private startup(probe: JsonObject, target: HandlerTarget, id: string, signal: AbortSignal): Promise<boolean> {
    const probing = new AbortController();
    const both = AbortSignal.any([signal, probing.signal]);
    let passed = false;
    const reports = {
      passed: () => {
        passed = true;
        probing.abort();
      },
      failed: () => {
        probing.abort();
        this.fail(id, probe, 'startup');
      },
      missed: this.unhealthy('Startup'),
    };
    return keepProbing(probe, target, reports, both).then(() => passed);
  }

  private unhealthy(kind: string): (message: string) => void {
    return (message) => this.record('Warning', 'Unhealthy', `${kind} probe failed: ${message}`);
  }

  private fail(id: string, probe: JsonObject, kind: string): void {
    const seconds = numberAt(probe, 'terminationGracePeriodSeconds');
    const graceMs = seconds === undefined ? this.setting.graceMs : seconds * 1000;
    void this.stop(id, graceMs, `Container ${this.name} failed ${kind} probe, will be restarted`);
  }

  /** A server that is asked the moment it is ready shall answer; it needs a few milliseconds to listen. */
  private async listening(listeners: readonly Listener[], signal: AbortSignal): Promise<void> {
    const { runtime, clock } = this.setting;
    const sandbox = this.setting.sandbox();
    const end = clock.nowMs() + LISTEN_LIMIT_MS;
    const ports = listeners.filter(({ protocol }) => protocol === 'TCP').map(({ port }) => port);
    for (const port of ports)
      while (!signal.aborted && clock.nowMs() < end) {
        try {
          const connection = await runtime.dial(sandbox, 'node', port, LISTEN_LIMIT_MS);
          connection.on('error', () => undefined);
          connection.destroy();
          break;
        } catch {
          await pause(clock, LISTEN_PERIOD_MS, signal);
        }
      }
  }

  private async stop(id: string, graceMs: number, why: string): Promise<void> {
    const { clock, runtime } = this.setting;
    const since = clock.nowMs();
    if (!this.killed) {
      this.killed = true;
      this.record('Normal', 'Killing', why);
      const hook = valueAt(this.definition, 'lifecycle', 'preStop');
      if (isObject(hook) && graceMs > 0) {
        const result = await this.hook(hook, this.target(id), this.whileRunning, graceMs);
        if (!result.ok) this.record('Warning', 'FailedPreStopHook', `PreStopHook failed: ${result.message}`);
      }
    }
    const left = graceMs === 0 ? 0 : Math.max(LEAST_GRACE_MS, graceMs - (clock.nowMs() - since));
    // Who does not end by this ends with the sandbox.
    await runtime.stopContainer(id, left).catch(() => undefined);
  }

  private async hook(hook: JsonObject, target: HandlerTarget, signal: AbortSignal, limitMs: number) {
    const sleep = valueAt(hook, 'sleep');
    if (!isObject(sleep)) return runHandler(hook, target, limitMs);
    await pause(this.setting.clock, Math.min(limitMs, (numberAt(sleep, 'seconds') ?? 0) * 1000), signal);
    return { ok: true } as const;
  }

  private target(id: string): HandlerTarget {
    const { runtime, clock } = this.setting;
    return {
      runtime,
      clock,
      sandbox: this.setting.sandbox(),
      container: id,
      address: this.setting.address(),
      definition: this.definition,
    };
  }

  private wait(reason: string, message: string): void {
    this.state = { kind: 'waiting', reason, message };
    this.setting.changed();
  }

  /** Whether all of the time has passed: nothing has woken it. */
  private async nap(delayMs: number): Promise<boolean> {
    const woken = AbortSignal.any([this.ending.signal, this.wake.signal]);
    await pause(this.setting.clock, delayMs, woken);
    const { aborted } = woken;
    this.rewind();
    return !aborted;
  }

  private rewind(): void {
    if (this.wake.signal.aborted) this.wake = new AbortController();
  }

  private record(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.setting.record(this.definition, type, reason, message);
  }
}

/** There are no images, and the status shall say so. */
function imageIdOf(program: string): string {
  const name = program.slice(program.lastIndexOf('/') + 1);
  return `sallyport://${program.startsWith(BUILT_IN_FOLDER) ? 'built-in' : 'machine'}/${name}`;
}

/** `10s`, `2m40s`, as Go writes durations. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
