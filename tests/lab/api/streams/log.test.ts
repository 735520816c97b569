import { PassThrough, Readable } from 'node:stream';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../../io/kubernetes/fake-clock.ts';
import { FakePods } from './fake-pods.ts';
import { PodServer } from './pod-server.ts';

let pods: FakePods;
let server: PodServer;

beforeEach(async () => {
  pods = new FakePods();
  server = await new PodServer(pods).start();
});

afterEach(() => server.stop());

interface Answer {
  readonly request: ClientRequest;
  response: IncomingMessage | undefined;
  text: string;
  ended: 'no' | 'cut' | 'whole';
}

function ask(query: string): Answer {
  const url = new URL(`/api/v1/namespaces/shop/pods/web/log${query}`, server.url);
  const answer: Answer = {
    request: request(url, { ca: server.authority.certificate, agent: false }),
    response: undefined,
    text: '',
    ended: 'no',
  };
  answer.request.on('error', () => {});
  answer.request.on('response', (response) => {
    answer.response = response;
    response.on('data', (part: Buffer) => (answer.text += part.toString()));
    response.on('error', () => {});
    response.on('close', () => (answer.ended = response.complete ? 'whole' : 'cut'));
  });
  answer.request.end();
  return answer;
}

test('a log to its end', async () => {
  pods.onLogs = () => Promise.resolve(Readable.from(['one\n', 'two\n']));
  const answer = ask('?container=main&tailLines=2&timestamps=true');
  await until(() => answer.ended === 'whole');
  expect(answer.text).toBe('one\ntwo\n');
  expect(answer.response?.statusCode).toBe(200);
  expect(answer.response?.headers).toMatchObject({ 'content-type': 'text/plain', 'transfer-encoding': 'chunked' });
  expect(pods.calls).toEqual([
    {
      logs: { namespace: 'shop', pod: 'web', container: 'main' },
      follow: false,
      timestamps: true,
      previous: false,
      tailLines: 2,
      limitBytes: undefined,
      sinceMs: undefined,
    },
  ]);
});

test('a log that goes on: the answer begins before there is anything, and a client that goes ends it', async () => {
  const log = new PassThrough();
  pods.onLogs = () => Promise.resolve(log);
  const answer = ask('?follow=true');
  await until(() => answer.response !== undefined);
  log.write('one\n');
  await until(() => answer.text === 'one\n');
  answer.request.destroy();
  await until(() => log.destroyed);
});

test('a log that breaks off is no whole answer', async () => {
  const log = new PassThrough();
  pods.onLogs = () => Promise.resolve(log);
  const answer = ask('?follow=true');
  log.write('one\n');
  await until(() => answer.text === 'one\n');
  log.destroy(new Error('the disk is gone'));
  await until(() => answer.ended === 'cut');
});

test('a client that goes before the log has come', async () => {
  const log = new PassThrough();
  let come: () => void = () => {};
  pods.onLogs = () => new Promise((resolve) => (come = () => resolve(log)));
  const answer = ask('?follow=true');
  await until(() => pods.calls.length === 1);
  answer.request.destroy();
  await until(() => answer.request.closed);
  // The server hears of it a little later; whichever it is, the log must not stay open.
  come();
  await until(() => log.destroyed);
});

test('the end of the server ends logs', async () => {
  const log = new PassThrough();
  pods.onLogs = () => Promise.resolve(log);
  const answer = ask('?follow=true');
  await until(() => answer.response !== undefined);
  server.handler.close();
  await until(() => answer.ended === 'cut' && log.destroyed);
});

test('refusals', async () => {
  const missing = ask('');
  await until(() => missing.ended === 'whole');
  expect([missing.response?.statusCode, missing.text]).toEqual([
    404,
    expect.stringContaining('pods \\"web\\" not found'),
  ]);
  const invalid = ask('?tailLines=-1');
  await until(() => invalid.ended === 'whole');
  expect(invalid.response?.statusCode).toBe(422);
});
