/**
 * The files of `config/deploy` as tests read them.
 * @module
 */
import * as z from "zod";
import { parse } from "yaml";

/** The root of the repository. */
const ROOT = new URL("../../", import.meta.url).pathname;

/** Where the alert rules are. */
export const ALERTS_FILE = `${ROOT}config/deploy/prometheus/alerts.yaml`;

const rule = z.strictObject({
  alert: z.string().regex(/^DiamGw[A-Za-z]+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(["critical", "warning"]) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook: z.string() }),
});
const rules = z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule) })) });

/** The alerts. */
export async function readAlerts(): Promise<z.infer<typeof rule>[]> {
  return rules.parse(parse(await Deno.readTextFile(ALERTS_FILE))).groups.flatMap((group) => group.rules);
}

const panel = z.looseObject({
  id: z.int(),
  type: z.string(),
  title: z.string().min(1),
  description: z.string().optional(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z.array(z.looseObject({ refId: z.string(), expr: z.string() })).optional(),
});
const dashboard = z.looseObject({
  title: z.string(),
  uid: z.string(),
  panels: z.array(panel),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string(), definition: z.string().optional() })) }),
  annotations: z.object({ list: z.array(z.looseObject({ expr: z.string() })) }),
});

/** The dashboard. */
export async function readDashboard(): Promise<z.infer<typeof dashboard>> {
  return dashboard.parse(JSON.parse(await Deno.readTextFile(`${ROOT}config/deploy/grafana/dashboard.json`)));
}

/** Every expression of the dashboard, and what it is for. */
export function expressionsOf(
  { panels, templating, annotations }: z.infer<typeof dashboard>,
): [what: string, expr: string][] {
  return [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }): [string, string] => [title, expr])),
    ...annotations.list.map(({ expr }): [string, string] => ["annotation", expr]),
    ...templating.list.flatMap(({ name, definition }): [string, string][] =>
      definition === undefined ? [] : [[`variable ${name}`, definition]]
    ),
  ];
}

/** The text of the operators' chapter. */
export async function readOperations(): Promise<string> {
  return await Deno.readTextFile(`${ROOT}docs/OPERATIONS.md`);
}

/** Anchors of the headings of a Markdown text, as a browser on a code host makes them. */
export function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replace(/[^a-z0-9 -]/g, "").replaceAll(" ", "-")
  );
}
