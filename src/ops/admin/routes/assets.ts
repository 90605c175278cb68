/**
 * `/`: the page and its files.
 * @module
 */
import type { Assets } from "../options.ts";
import { content, type Route, route } from "../route.ts";

/** Says where the interface is, as long as there is no page. */
export const PLACEHOLDER: Assets = {
  "/": {
    type: "text/html; charset=utf-8",
    body: `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>diam-gw</title>
<h1>diam-gw</h1>
<ul>
<li><a href="/api/v1/status">status</a></li>
<li><a href="/readyz">readiness</a></li>
<li><a href="/metrics">metrics</a></li>
<li><a href="/api/v1/openapi.json">everything else</a>, as an OpenAPI description</li>
</ul>
</html>
`,
  },
};

/**
 * For what never changes; only the browser that asked may keep it, as it may have needed a token.
 */
const KEEP = "private, max-age=31536000, immutable";

/** One route for each file. */
export function assetRoutes(assets: Assets): Route[] {
  return Object.entries(assets).map(([path, { type, body, isImmutable }]) =>
    route({
      method: "GET",
      path,
      ...(path === "/" ? {} : { isUnlisted: true as const }),
      summary: path === "/" ? "The dashboard" : `A file of the dashboard: ${path.slice(1)}`,
      answer: { description: "The file.", type },
      handle: () => content(type, body, { "cache-control": isImmutable ? KEEP : "no-cache" }),
    })
  );
}
