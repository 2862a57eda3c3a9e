// The OpenAPI document of the admin API, from the same table that the routes are made of.
import type { Json, JsonObject } from '../../ground/json.ts';
import type { Endpoint } from './routes.ts';

export function openApiDocument(endpoints: readonly Endpoint[], publicUrl: string): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/:([a-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint, path) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sealyard admin API', version: '1' },
    servers: [{ url: publicUrl }],
    security: [{ bearer: [] }],
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: PROBLEM },
    },
    paths,
  };
}

const PROBLEM: JsonObject = {
  type: 'object',
  description: 'RFC 9457 problem document; `code` is stable',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    next: { type: 'string' },
  },
};

function operation(endpoint: Endpoint, path: string): JsonObject {
  const inPath = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name = '']) => parameter(name, 'path', true));
  const inQuery = (endpoint.query ?? []).map((name) => parameter(name, 'query', false));
  return {
    summary: endpoint.summary,
    description: endpoint.role === undefined ? 'no role needed' : `needs the role ${endpoint.role}`,
    ...(inPath.length + inQuery.length === 0 ? {} : { parameters: [...inPath, ...inQuery] }),
    ...(endpoint.body === undefined ? {} : { requestBody: requestBody(endpoint.body) }),
    responses: {
      [endpoint.status]: {
        description: 'done',
        content: { 'application/json': { schema: { type: 'object' } } },
      },
      default: {
        description: 'refused or failed',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function parameter(name: string, place: 'path' | 'query', required: boolean): JsonObject {
  return { name, in: place, required, schema: { type: 'string' } };
}

function requestBody(members: NonNullable<Endpoint['body']>): JsonObject {
  const required = Object.entries(members).flatMap(([name, { required }]) => (required ? [name] : []));
  return {
    required: required.length > 0,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          additionalProperties: false,
          required,
          properties: Object.fromEntries(Object.entries(members).map(([name, { type }]) => [name, { type }])),
        },
      },
    },
  };
}
