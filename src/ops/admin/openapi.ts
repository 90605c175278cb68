/**
 * The description of the interface (OpenAPI 3.1), made from the routes themselves.
 * @module
 */
import * as z from "zod";
import { isOptional, type JsonSchema, wireSchema } from "./parameter.ts";
import { PROBLEM_TYPE, titleOf } from "./problem.ts";
import { json, type Route, route, type Shape } from "./route.ts";

/** A problem object (RFC 9457). */
const PROBLEM = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  parameter: z.string().optional().describe("The query parameter that is wrong"),
  errors: z.array(z.object({ detail: z.string(), path: z.string().optional() })).optional(),
});

/**
 * The route of the description, which describes itself too; made when somebody asks for the first
 * time.
 */
export function descriptionRoute(version: string, routes: readonly Route[], about: Described = ADMIN): Route {
  let description: unknown;
  const own: Route = route({
    method: "GET",
    path: about.path,
    summary: "This description",
    answer: { description: "OpenAPI 3.1.", schema: z.looseObject({ openapi: z.string() }) },
    handle: () => json(description ??= openApi(version, [...routes, own], about)),
  });
  return own;
}

/** What is described, and where the description is. */
export interface Described {
  readonly path: string;
  readonly title: string;
  readonly description: string;
  /** Whether a token may be needed. */
  readonly isGuarded: boolean;
}

const ADMIN: Described = {
  path: "/api/v1/openapi.json",
  title: "diam-gw admin interface",
  description:
    "HEAD goes wherever GET does. Lists come whole, or in pages of `limit` elements: the Link header of one " +
    "leads to the next. Errors are problem objects (RFC 9457).",
  isGuarded: true,
};

const SCHEMES = {
  bearer: { type: "http", scheme: "bearer", description: "admin.token" },
  basic: { type: "http", scheme: "basic", description: "Any user name, and admin.token as the password" },
};

/** The description. */
export function openApi(
  version: string,
  routes: readonly Route[],
  { title, description, isGuarded }: Described = ADMIN,
): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  const listed = routes.filter(({ isUnlisted }) => isUnlisted === undefined);
  for (const route of listed) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: "3.1.0",
    info: { title, version, description },
    ...(isGuarded ? { security: [{ bearer: [] }, { basic: [] }, {}] } : {}),
    paths,
    components: {
      schemas: { Problem: schemaOf(PROBLEM, "output") },
      ...(isGuarded ? { securitySchemes: SCHEMES } : {}),
    },
  };
}

function operation(route: Route): Record<string, unknown> {
  const { method, path, summary, description, parameters = {}, query = {}, body, answer } = route;
  return {
    operationId: operationId(method, path),
    summary,
    ...(description === undefined ? {} : { description }),
    ...(route.isOpen ? { security: [] } : {}),
    parameters: [...described(parameters, "path"), ...described(query, "query")],
    ...(body === undefined ? {} : {
      requestBody: {
        required: !isOptional(body.json),
        content: {
          "application/json": { schema: schemaOf(body.json, "input") },
          ...(body.bytes === undefined
            ? {}
            : { [body.bytes.type]: { schema: { description: body.bytes.description } } }),
        },
      },
    }),
    responses: {
      200: { description: answer.description, content: answerContent(answer) },
      ...Object.fromEntries(statuses(route).map((status) => [status, problemResponse(status)])),
    },
  };
}

function answerContent({ schema, type }: Route["answer"]): Record<string, unknown> {
  if (schema !== undefined) return { "application/json": { schema: schemaOf(schema, "output") } };
  return { [type ?? "application/octet-stream"]: {} };
}

/** What any route of this kind may answer, and what this one says. */
function statuses({ isOpen, parameters, body, method, problems = [] }: Route): number[] {
  const any = [400, ...(isOpen ? [] : [401]), 403, ...(method === "GET" ? [] : [413])];
  const misfit = body === undefined ? [] : [body.misfit ?? 422];
  const own = [...(parameters === undefined ? [] : [404]), ...misfit, ...problems];
  return [...new Set([...any, ...own])].sort();
}

function problemResponse(status: number): unknown {
  const content = { [PROBLEM_TYPE]: { schema: { $ref: "#/components/schemas/Problem" } } };
  return { description: titleOf(status), content };
}

function described(shape: Shape, place: "path" | "query"): unknown[] {
  return Object.entries(shape).map(([name, schema]) => {
    const { description, ...wire } = wireSchema(schema);
    return {
      name,
      in: place,
      required: place === "path" || !isOptional(schema),
      ...(description === undefined ? {} : { description }),
      schema: wire,
    };
  });
}

/** Schemas are written out where they stand, so none may have an id of its own. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

/** `GET /api/v1/dras/{name}` as `get_dras_name`. */
function operationId(method: string, path: string): string {
  return `${method.toLowerCase()}_${path.replace(/^\/api\/v1\//, "").replaceAll(/\W+/g, "_").replaceAll(/^_|_$/g, "")}`;
}
