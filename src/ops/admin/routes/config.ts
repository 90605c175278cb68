/**
 * `/api/v1/config`: what is in force, reading it again, and keeping that.
 * @module
 */
import * as z from "zod";
import type { AdminHost } from "../host.ts";
import * as parameter from "../parameter.ts";
import { json, type Route, route } from "../route.ts";

/** What reading the file again answers. */
export const RELOADED = z.object({
  changes: z.array(z.object({ path: z.string(), from: z.unknown(), to: z.unknown() })),
  needs_restart: z.array(z.string()),
  applied: z.boolean(),
  confirm_by: z.iso.datetime().optional(),
});

/** The routes. */
export function configRoutes(host: AdminHost): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/config",
      summary: "The configuration in force",
      description: "Every default filled in, secrets masked. The ETag is the SHA-256 of what was loaded.",
      answer: { description: "As a person would write it.", schema: z.looseObject({}) },
      async handle() {
        const { tree, sha256 } = await host.config();
        return json(tree, { headers: { etag: `"${sha256}"` } });
      },
    }),
    route({
      method: "POST",
      path: "/api/v1/config/reload",
      summary: "Read the configuration file again",
      description: "A bad file changes nothing. With If-Match only when that is the ETag of what is in force.",
      query: {
        dry_run: parameter.flag("Only tell what would change").default(false),
        confirm: parameter.duration("Go back by itself after this time, unless confirmed").optional(),
      },
      answer: {
        description: "What changed, or would.",
        schema: RELOADED,
      },
      problems: [409, 412, 422],
      async handle({ query, header }) {
        const ifMatch = entityTags(header("if-match"));
        const { changes, needsRestart, applied, confirmBy } = await host.reload({
          dryRun: query.dry_run,
          ...(query.confirm === undefined ? {} : { confirm: query.confirm }),
          ...(ifMatch === undefined ? {} : { ifMatch }),
        });
        return json({
          // A key that was not there, or is not there any more, has no value: JSON says so with
          // null.
          changes: changes.map(({ path, from, to }) => ({ path, from: from ?? null, to: to ?? null })),
          needs_restart: needsRestart,
          applied,
          ...(confirmBy === undefined ? {} : { confirm_by: confirmBy.toISOString() }),
        });
      },
    }),
    route({
      method: "POST",
      path: "/api/v1/config/confirm",
      summary: "Keep the configuration that was reloaded",
      answer: { description: "It stays.", schema: z.object({ confirmed: z.literal(true) }) },
      problems: [409],
      async handle() {
        await host.confirm();
        return json({ confirmed: true });
      },
    }),
  ];
}

/**
 * The tags of an If-Match header; undefined when any will do. It compares strongly, so that a weak
 * tag never matches (RFC 9110 13.1.1).
 */
function entityTags(header: string | undefined): string[] | undefined {
  if (header === undefined || header.trim() === "*") return undefined;
  return [...header.matchAll(/(W\/)?"([^"]*)"/g)].filter(([, weak]) => weak === undefined).map(([, , tag]) =>
    tag ?? ""
  );
}
