/** Answers that are about the API itself: versions, health, discovery, OpenAPI. */
import {
  aggregatedContentType,
  aggregatedDiscovery,
  coreVersions,
  groupDocument,
  groupList,
  resourceList,
} from '../discovery.ts';
import type { JsonObject } from '../json.ts';
import { openApi2ContentType, openApi2Document, openApiDocument, openApiIndex } from '../open-api.ts';
import type { Rest } from '../rest/rest.ts';
import { StatusError } from '../status-error.ts';
import { negotiateDiscovery } from './accept.ts';
import type { ApiRequest } from './api-request.ts';
import { jsonReply, type Reply } from './reply.ts';
import type { ResourceRoute, Route } from './route.ts';

export function notServed(): StatusError {
  return new StatusError('NotFound', 'the server could not find the requested resource');
}

export function notAllowed(): StatusError {
  return new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

/** Throws 404 and 405. */
export function documentReply(
  route: Exclude<Route, ResourceRoute>,
  request: ApiRequest,
  rest: Rest,
  gitVersion: string,
): Reply {
  const { resources } = rest;
  const reply = (): Reply => {
    switch (route.kind) {
      case 'api':
      case 'apis':
        return discoveryReply(route.kind, request, rest);
      case 'group':
        return jsonReply(served(groupDocument(resources, route.group)));
      case 'group-version':
        return jsonReply(served(resourceList(resources, route.group, route.version)));
      case 'openapi2':
        return { kind: 'bytes', contentType: openApi2ContentType, body: openApi2Document };
      case 'openapi3':
        return jsonReply(served(openApi3(rest, route.root)));
      case 'version':
        return jsonReply(versionInfo(gitVersion));
      case 'health':
        return { kind: 'bytes', contentType: 'text/plain; charset=utf-8', body: 'ok' };
      case 'unknown':
        throw notServed();
    }
  };
  const answer = reply();
  if (request.method !== 'GET') throw notAllowed();
  return answer;
}

function discoveryReply(root: 'api' | 'apis', { headers }: ApiRequest, { resources }: Rest): Reply {
  const version = negotiateDiscovery(headers.accept);
  if (version === undefined) return jsonReply(root === 'api' ? coreVersions : groupList(resources));
  const apiVersion = `apidiscovery.k8s.io/${version}`;
  return {
    kind: 'json',
    code: 200,
    object: { ...aggregatedDiscovery(resources, root), apiVersion },
    warnings: [],
    contentType: aggregatedContentType.replace('v=v2', `v=${version}`),
  };
}

function openApi3(rest: Rest, root: string | undefined): JsonObject | undefined {
  if (root === undefined) return openApiIndex(rest.resources);
  return openApiDocument(rest.resources, root, (resource) =>
    resource.message === undefined ? rest.schemaOf(resource) : undefined,
  );
}

function served(document: JsonObject | undefined): JsonObject {
  if (document === undefined) throw notServed();
  return document;
}

/** Some kubectl choose another kubectl by it, so it has the form of a real one. */
function versionInfo(gitVersion: string): JsonObject {
  const [, major = '1', minor = ''] = /^v(\d+)\.(\d+)\./.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'linux/amd64',
  };
}
