/** What launcher and lab say to each other when the lab is a process inside namespaces. */
import type { ServerCertificate } from '../certificates.ts';
import type { ApplyResult, LabObject, Readiness } from '../lab.ts';
import type { IpFamily } from '../networks.ts';

export interface LabSettings {
  readonly name: string;
  readonly nodes: number;
  readonly family: IpFamily;
  readonly anyImage: boolean;
  readonly certificate: ServerCertificate;
  readonly token: string;
  /** Of the loopback address where users reach the API. */
  readonly port: number;
  /** Denied connections are wanted. */
  readonly flowLog: boolean;
}

/** The first one comes with the listening socket. */
export type ToLab =
  | { readonly type: 'start'; readonly settings: LabSettings }
  | { readonly type: 'apply'; readonly id: number; readonly objects: readonly LabObject[] }
  | { readonly type: 'when-ready'; readonly id: number; readonly timeoutMs: number }
  | { readonly type: 'stop' };

export type FromLab =
  /** It can be spoken to. */
  | { readonly type: 'hello' }
  | { readonly type: 'progress'; readonly text: string }
  | { readonly type: 'started' }
  | { readonly type: 'applied'; readonly id: number; readonly result: ApplyResult }
  | { readonly type: 'ready'; readonly id: number; readonly readiness: Readiness }
  /** A call went wrong; the lab goes on. */
  | { readonly type: 'call-failed'; readonly id: number; readonly message: string }
  /** The lab is over. */
  | { readonly type: 'failed'; readonly message: string; readonly hint: string | undefined }
  | { readonly type: 'remark'; readonly text: string }
  /** A line of the flow log, with its end. */
  | { readonly type: 'flow'; readonly line: string };

/** Where they are told. None of them may throw. */
export interface LabReports {
  onProgress(text: string): void;
  onRemark(text: string): void;
  onFlow(line: string): void;
}
