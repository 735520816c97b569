import type { Server } from 'node:net';
import { systemClock } from '../../io/kubernetes/clock.ts';
import { LabCluster } from '../../lab/lab-cluster.ts';
import type { Lab } from '../../lab/lab.ts';
import { openSim } from '../../lab/launch/open-sim.ts';
import type { LabReports, LabSettings } from '../../lab/launch/protocol.ts';

export interface SimulatedOptions {
  readonly settings: LabSettings;
  readonly listener: Server;
  readonly reports: LabReports;
}

/** A lab in this process that sends no packets. */
export function startSimulated({ settings, listener, reports }: SimulatedOptions): Promise<Lab> {
  return LabCluster.start({ settings, listener, openRuntime: openSim, clock: systemClock, reports });
}
